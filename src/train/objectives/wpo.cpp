// WPO, weighted preference optimisation (Zhou et al., arXiv 2406.11827): DPO whose examples count
// the more the likelier the policy would have written them itself. Without wpo_clamp the weight may
// exceed one.
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_wpo(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.01);
  const double smoothing = config.label_smoothing.value_or(0);
  const bool clamp = config.wpo_clamp;
  return {
      .beta = beta,
      .needs_confidence = true,
      .formula = fmt::format("-w log sigmoid({} (rho_w - rho_l)), w = {}w(y_w) w(y_l){}, label "
                             "smoothing {}",
                             beta, clamp ? "min(1, " : "", clamp ? ")" : "", smoothing),
      // Equation 3 with the aligned weights of section 3.3, which carry no gradient.
      .loss = [=](const ObjectiveBatch& batch, const at::Tensor& winner, const at::Tensor& loser) {
        at::Tensor weight =
            batch.winner_weights.add(batch.loser_weights).mv(batch.confidence).exp();
        if (clamp) weight = weight.clamp_max(1);
        return smoothed_log_sigmoid(winner.sub(loser).mul(beta), smoothing).mul(weight);
      }};
}

}  // namespace amalgam
