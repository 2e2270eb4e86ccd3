// ORPO, odds ratio preference optimisation (Hong et al., arXiv 2403.07691): the winner's
// likelihood, and the odds of winner against loser, from mean log-probabilities and without a
// reference.
#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

Objective make_orpo(const ObjectiveConfig& config) {
  const double lambda = config.lambda.value_or(0.1);
  return {.utility = Utility::kLogOdds,
          .nll_weight = 1,
          .nll_mean = true,
          .formula = fmt::format("-{} log sigmoid(log odds_w - log odds_l)", lambda),
          // Equations 6 and 7.
          .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
            return smoothed_log_sigmoid(winner.sub(loser), 0).mul(lambda);
          }};
}

}  // namespace amalgam
