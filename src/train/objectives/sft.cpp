// Supervised fine-tuning: the negative log-likelihood of the winner's tokens.
#include "train/objective.h"

namespace amalgam {

Objective make_sft(const ObjectiveConfig&) {
  return {.utility = Utility::kLogProbability,
          .needs_losers = false,
          .per_token = true,
          .formula = "-s_w, divided by the supervised tokens",
          .loss = [](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor&) {
            return winner.neg();
          }};
}

}  // namespace amalgam
