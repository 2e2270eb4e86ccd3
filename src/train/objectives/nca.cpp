// NCA, noise contrastive alignment (Chen et al., arXiv 2402.05369), for pairs: also keeps the
// winner's own likelihood from falling.
#include <ATen/core/Tensor.h>
#include <ATen/ops/log_sigmoid.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_nca(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.1);
  return {.beta = beta,
          .formula = fmt::format("-log sigmoid(w) - 1/2 log sigmoid(-w) - 1/2 log sigmoid(-l), w = "
                                 "{} rho_w, l = {} rho_l",
                                 beta, beta),
          .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
            const at::Tensor w = winner.mul(beta), l = loser.mul(beta);
            const at::Tensor noise = at::log_sigmoid(w.neg()).add(at::log_sigmoid(l.neg()));
            return at::log_sigmoid(w).neg().sub(noise, 0.5);
          }};
}

}  // namespace amalgam
