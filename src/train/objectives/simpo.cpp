// SimPO, simple preference optimisation (Meng et al., arXiv 2405.14734): mean log-probabilities
// with a target margin, without a reference.
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_simpo(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(2), gamma = config.gamma.value_or(0.5);
  const double smoothing = config.label_smoothing.value_or(0);
  return {.utility = Utility::kMeanLogProbability,
          .beta = beta,
          .formula =
              fmt::format("-log sigmoid({} (s_w / |y_w| - s_l / |y_l|) - {}), label smoothing {}",
                          beta, gamma, smoothing),
          // Equation 6.
          .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
            return smoothed_log_sigmoid(winner.sub(loser).mul(beta).sub(gamma), smoothing);
          }};
}

}  // namespace amalgam
