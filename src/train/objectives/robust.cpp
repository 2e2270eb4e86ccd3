// Robust DPO (Chowdhury, Kini and Natarajan, arXiv 2403.00409): an unbiased estimate of the DPO
// loss where preferences are wrong with probability epsilon.
#include <ATen/core/Tensor.h>
#include <ATen/ops/log_sigmoid.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_robust(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.1), epsilon = config.label_smoothing.value_or(0.1);
  if (epsilon >= 0.5) fail_usage("label_smoothing: {} must be below 0.5 for robust", epsilon);
  return {
      .beta = beta,
      .formula = fmt::format("(-(1 - e) log sigmoid(x) + e log sigmoid(-x)) / (1 - 2 e), x = {} "
                             "(rho_w - rho_l), e {}",
                             beta, epsilon),
      .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
        const at::Tensor x = winner.sub(loser).mul(beta);
        return at::log_sigmoid(x.neg())
            .mul(epsilon)
            .sub(at::log_sigmoid(x), 1 - epsilon)
            .div(1 - 2 * epsilon);
      }};
}

}  // namespace amalgam
