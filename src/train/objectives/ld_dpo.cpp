// LD-DPO, length-desensitised DPO (Liu et al., arXiv 2409.06411): tokens beyond the length that
// winners and losers share count less, for the policy and for the reference.
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_ld_dpo(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.1);
  return {.beta = beta,
          .tail_weight = config.ld_alpha,
          .formula = fmt::format("-log sigmoid({} (rho_w - rho_l)), tokens beyond the shortest "
                                 "response weigh {}",
                                 beta, config.ld_alpha),
          .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
            return smoothed_log_sigmoid(winner.sub(loser).mul(beta), 0);
          }};
}

}  // namespace amalgam
