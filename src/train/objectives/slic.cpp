// The hinge loss on DPO's margin (Zhao et al., SLiC-HF, arXiv 2305.10425; Liu et al., RSO, arXiv
// 2309.06657): nothing is learnt beyond a margin of 1 / beta.
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_slic(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.1);
  return {.beta = beta,
          .formula = fmt::format("max(0, 1 - {} (rho_w - rho_l))", beta),
          // hinge-norm of 2309.06657.
          .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
            return loser.sub(winner).mul(beta).add(1).relu();
          }};
}

}  // namespace amalgam
