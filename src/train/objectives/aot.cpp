// AOT, alignment via optimal transport (Melnyk et al., arXiv 2406.05882): the distribution of
// rewards over a step is moved, not that of single pairs: quantiles are compared.
#include <ATen/core/Tensor.h>

#include <tuple>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {
namespace {

/// For each of `values` what has its rank among `others`. (B), (B) -> (B).
at::Tensor of_equal_rank(const at::Tensor& values, const at::Tensor& others) {
  const at::Tensor order = std::get<1>(values.sort(/*stable=*/true, -1, false));
  const at::Tensor rank = order.argsort();
  return std::get<0>(others.sort(/*stable=*/true, -1, false)).index_select(0, rank);
}

}  // namespace

/// Paired: the policy's margins against the reference's.
Objective make_aot(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.01);
  const double smoothing = config.label_smoothing.value_or(0);
  return {
      .beta = beta,
      .whole_step = true,
      .formula = fmt::format("-log sigmoid({} (sort(s_w - s_l) - sort(r_w - r_l))), sorted over "
                             "the step, label smoothing {}",
                             beta, smoothing),
      // Equation 7.
      .loss = [=](const ObjectiveBatch& batch, const at::Tensor&, const at::Tensor&) {
        const at::Tensor difference = batch.winner_weights.sub(batch.loser_weights);
        const at::Tensor margins = difference.mv(batch.policy);  // (B)
        const at::Tensor partners = of_equal_rank(margins, difference.mv(batch.reference));
        return smoothed_log_sigmoid(margins.sub(partners).mul(beta), smoothing);
      }};
}

/// Unpaired: the winners' rewards against the losers', whichever prompt they answer.
Objective make_aot_unpaired(const ObjectiveConfig& config) {
  const double beta = config.beta.value_or(0.01);
  const double smoothing = config.label_smoothing.value_or(0);
  return {
      .beta = beta,
      .whole_step = true,
      .formula = fmt::format("-log sigmoid({} (sort(rho_w) - sort(rho_l))), sorted over the step, "
                             "label smoothing {}",
                             beta, smoothing),
      // Equation 10.
      .loss = [=](const ObjectiveBatch&, const at::Tensor& winner, const at::Tensor& loser) {
        const at::Tensor partners = of_equal_rank(winner, loser);
        return smoothed_log_sigmoid(winner.sub(partners).mul(beta), smoothing);
      }};
}

}  // namespace amalgam
