// LD-DPO, length-desensitised DPO (Liu et al., arXiv 2409.06411): tokens beyond the length that
// winners and losers share count less, for the policy and (as in the paper; ld_reference: false
// leaves it out) for the reference.
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_ld_dpo(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.1);
  const double smoothing = config.label_smoothing.value_or(0);
  return {
      .beta = beta,
      .tail_weight = config.ld_alpha,
      .reference_tail_weight = config.ld_reference ? config.ld_alpha : 1,
      .formula = fmt::format("-log sigmoid({} (rho_w - rho_l)), tokens beyond the shortest "
                             "response weigh {} in s{}, label smoothing {}",
                             beta, config.ld_alpha, config.ld_reference ? " and r" : "", smoothing),
      .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
        return smoothed_log_sigmoid(winner.sub(loser).mul(beta), smoothing);
      }};
}

}  // namespace amalgam
