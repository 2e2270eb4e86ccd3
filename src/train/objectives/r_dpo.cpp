// R-DPO, length-regularised DPO (Park et al., arXiv 2403.19159): the reward is lowered by the
// response's length, so a winner that is longer has to show less of a margin.
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_r_dpo(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.1), penalty = config.rdpo_alpha;
  const double smoothing = config.label_smoothing.value_or(0);
  return {
      .beta = beta,
      .formula =
          fmt::format("-log sigmoid({} (rho_w - rho_l) + {} (|y_w| - |y_l|)), label smoothing {}",
                      beta, penalty, smoothing),
      // Equation 9.
      .loss = [=](const ObjectiveBatch& batch, const at::Tensor& winner, const at::Tensor& loser) {
        const at::Tensor longer = batch.winner_weights.sub(batch.loser_weights).mv(batch.lengths);
        return smoothed_log_sigmoid(winner.sub(loser).mul(beta).add(longer, penalty), smoothing);
      }};
}

}  // namespace amalgam
