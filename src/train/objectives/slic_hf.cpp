// SLiC-HF as it was published (Zhao et al., arXiv 2305.10425): a hinge on sums of log-probabilities
// without a reference, and the winner's likelihood as regularisation.
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_slic_hf(const ObjectiveConfig& config) {
  const double delta = config.gamma.value_or(1);
  return {.utility = Utility::kLogProbability,
          .formula = fmt::format("max(0, {} - s_w + s_l)", delta),
          // Equation 1; lambda weighs its second term.
          .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
            return loser.sub(winner).add(delta).relu();
          }};
}

}  // namespace amalgam
