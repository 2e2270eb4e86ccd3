// EXO, efficient exact optimisation (Ji et al., arXiv 2402.00856), for pairs: the reverse
// Kullback-Leibler divergence from the policy's preference to the smoothed label.
#include <ATen/core/Tensor.h>
#include <ATen/ops/log_sigmoid.h>

#include <cmath>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_exo(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.1), epsilon = config.label_smoothing.value_or(1e-3);
  if (epsilon <= 0) fail_usage("label_smoothing: {} must be above 0 for exo", epsilon);
  return {.beta = beta,
          .formula = fmt::format("sigmoid(x) (log sigmoid(x) - log(1 - e)) + sigmoid(-x) (log "
                                 "sigmoid(-x) - log e), x = {} (rho_w - rho_l), e {}",
                                 beta, epsilon),
          // Equation 16.
          .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
            const at::Tensor x = winner.sub(loser).mul(beta);
            const at::Tensor right = x.sigmoid().mul(at::log_sigmoid(x).sub(std::log1p(-epsilon)));
            const at::Tensor wrong =
                x.neg().sigmoid().mul(at::log_sigmoid(x.neg()).sub(std::log(epsilon)));
            return right.add(wrong);
          }};
}

}  // namespace amalgam
