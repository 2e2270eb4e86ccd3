// APO-down, anchored preference optimisation (D'Oosterlinck et al., arXiv 2408.06266): both down,
// losers more; for winners that are worse than what the policy writes.
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_apo_down(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.1);
  return {.beta = beta,
          .formula = fmt::format("sigmoid({} rho_w) + 1 - sigmoid({} (rho_w - rho_l))", beta, beta),
          // Section 3, APO-down; 1 is added to keep it positive.
          .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
            const at::Tensor anchor = winner.mul(beta).sigmoid();
            return anchor.sub(winner.sub(loser).mul(beta).sigmoid()).add(1);
          }};
}

}  // namespace amalgam
