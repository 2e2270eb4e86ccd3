// IPO, identity preference optimisation (Azar et al., arXiv 2310.12036): the margin is drawn to
// 1 / (2 tau) instead of growing without end. Log ratios are means over tokens, as its authors
// confirmed; ipo_mean: false takes the sums of the paper's equation as it stands.
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_ipo(const ObjectiveConfig& config) {
  const double tau = config.tau.value_or(0.01), target = 1 / (2 * tau);
  const char* length = config.ipo_mean ? "rho_w / |y_w| - rho_l / |y_l|" : "rho_w - rho_l";
  return {.utility = config.ipo_mean ? Utility::kMeanLogRatio : Utility::kLogRatio,
          .beta = tau,
          .formula = fmt::format("({} - {})^2, tau {}", length, target, tau),
          // Equation 17.
          .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
            return winner.sub(loser).sub(target).square();
          }};
}

}  // namespace amalgam
