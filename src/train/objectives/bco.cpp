// BCO, binary classifier optimisation (Jung et al., arXiv 2404.04656), for pairs and without its
// running shift of the rewards.
#include <ATen/core/Tensor.h>
#include <ATen/ops/log_sigmoid.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_bco(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.1);
  return {.beta = beta,
          .formula = fmt::format("-log sigmoid({} rho_w) - log sigmoid(-{} rho_l)", beta, beta),
          .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
            return at::log_sigmoid(winner.mul(beta)).add(at::log_sigmoid(loser.mul(-beta))).neg();
          }};
}

}  // namespace amalgam
