// CPO, contrastive preference optimisation (Xu et al., arXiv 2401.08417): DPO with a uniform
// reference, and the winner's likelihood.
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_cpo(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.1);
  const double smoothing = config.label_smoothing.value_or(0);
  return {
      .utility = Utility::kLogProbability,
      .beta = beta,
      .formula = fmt::format("-log sigmoid({} (s_w - s_l)), label smoothing {}", beta, smoothing),
      // Equation 5; lambda weighs its second term.
      .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
        return smoothed_log_sigmoid(winner.sub(loser).mul(beta), smoothing);
      }};
}

}  // namespace amalgam
