// Length-normalised DPO (Meng et al., arXiv 2405.14734, table 3; Lambert et al., arXiv 2411.15124):
// the log ratios are means over tokens, so beta is larger than DPO's by about the responses'
// lengths.
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_ln_dpo(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(10);
  const double smoothing = config.label_smoothing.value_or(0);
  return {
      .utility = Utility::kMeanLogRatio,
      .beta = beta,
      .formula = fmt::format("-log sigmoid({} (rho_w / |y_w| - rho_l / |y_l|)), label smoothing {}",
                             beta, smoothing),
      // DPO on mean log ratios.
      .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
        return smoothed_log_sigmoid(winner.sub(loser).mul(beta), smoothing);
      }};
}

}  // namespace amalgam
