// DPO, direct preference optimisation (Rafailov et al., arXiv 2305.18290); with label smoothing
// cDPO (Mitchell, "A note on DPO with noisy preferences", 2023).
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_dpo(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.1);
  const double smoothing = config.label_smoothing.value_or(0);
  return {.beta = beta,
          .formula =
              fmt::format("-log sigmoid({} (rho_w - rho_l)), label smoothing {}", beta, smoothing),
          // Equation 7 of 2305.18290; equation 3 of the note.
          .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
            return smoothed_log_sigmoid(winner.sub(loser).mul(beta), smoothing);
          }};
}

}  // namespace amalgam
