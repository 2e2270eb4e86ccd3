// APO-zero, anchored preference optimisation (D'Oosterlinck et al., arXiv 2408.06266): winners up,
// losers down; for winners that are better than what the policy writes.
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_apo_zero(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.1);
  return {.beta = beta,
          .formula = fmt::format("1 - sigmoid({} rho_w) + sigmoid({} rho_l)", beta, beta),
          // Section 3, APO-zero; 1 is added to keep it positive.
          .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
            return loser.mul(beta).sigmoid().sub(winner.mul(beta).sigmoid()).add(1);
          }};
}

}  // namespace amalgam
