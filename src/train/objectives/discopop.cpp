// DiscoPOP (Lu et al., arXiv 2406.08414): the log-ratio modulated loss, a blend of the logistic and
// the exponential loss that a language model proposed.
#include <ATen/core/Tensor.h>
#include <ATen/ops/log_sigmoid.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_discopop(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.05), tau = config.tau.value_or(0.05);
  return {.beta = beta,
          .formula = fmt::format("-(1 - m) log sigmoid(z) + m exp(-z), z = {} (rho_w - rho_l), m = "
                                 "sigmoid(z / {})",
                                 beta, tau),
          // Equation 5.
          .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
            const at::Tensor z = winner.sub(loser).mul(beta);
            const at::Tensor blend = z.div(tau).sigmoid();
            const at::Tensor logistic = at::log_sigmoid(z).neg();
            return logistic.add(blend.mul(z.neg().exp().sub(logistic)));
          }};
}

}  // namespace amalgam
