// IPO, identity preference optimisation (Azar et al., arXiv 2310.12036): the margin is drawn to
// 1 / (2 tau) instead of growing without end. Log ratios are means over tokens, as its authors
// confirmed.
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_ipo(const ObjectiveConfig& config) {
  const double target = 1 / (2 * config.tau);
  return {
      .utility = Utility::kMeanLogRatio,
      .beta = config.tau,
      .formula = fmt::format("(rho_w / |y_w| - rho_l / |y_l| - {})^2, tau {}", target, config.tau),
      // Equation 17.
      .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
        return winner.sub(loser).sub(target).square();
      }};
}

}  // namespace amalgam
