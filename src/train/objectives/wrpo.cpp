// WRPO, weighted-reward preference optimisation (Yang et al., arXiv 2412.03187): the winner's
// reward is a mixture of the best source response's and the best own response's, so that the policy
// is drawn to the sources' answers as far as alpha allows.
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_wrpo(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.01);
  const double smoothing = config.label_smoothing.value_or(0);
  return {.beta = beta,
          .formula = fmt::format("-log sigmoid({} (a rho_ws + (1 - a) rho_wt - rho_l)), a {} {}, "
                                 "label smoothing {}",
                                 beta, config.alpha, config.alpha_schedule, smoothing),
          // Equation 7; winner = alpha rho(y_ws) + (1 - alpha) rho(y_wt).
          .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
            return smoothed_log_sigmoid(winner.sub(loser).mul(beta), smoothing);
          }};
}

}  // namespace amalgam
