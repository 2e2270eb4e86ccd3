#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/mv.h>

#include <algorithm>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {

// Each objective's file defines its factory.
Objective make_sft(const ObjectiveConfig&);
Objective make_wrpo(const ObjectiveConfig&);
Objective make_dpo(const ObjectiveConfig&);
Objective make_ln_dpo(const ObjectiveConfig&);
Objective make_ipo(const ObjectiveConfig&);
Objective make_simpo(const ObjectiveConfig&);
Objective make_slic(const ObjectiveConfig&);
Objective make_robust(const ObjectiveConfig&);
Objective make_exo(const ObjectiveConfig&);
Objective make_nca(const ObjectiveConfig&);
Objective make_bco(const ObjectiveConfig&);
Objective make_sppo(const ObjectiveConfig&);
Objective make_apo_zero(const ObjectiveConfig&);
Objective make_apo_down(const ObjectiveConfig&);
Objective make_ld_dpo(const ObjectiveConfig&);

const std::vector<ObjectiveEntry>& objectives() {
  static const std::vector<ObjectiveEntry> list = {
      {"sft", "Negative log-likelihood of the winner.", make_sft},
      {"wrpo", "WRPO (arXiv 2412.03187): DPO on a mixture of source and target winner.", make_wrpo},
      {"dpo", "DPO (arXiv 2305.18290), with label smoothing cDPO.", make_dpo},
      {"ln-dpo", "Length-normalised DPO (arXiv 2405.14734, 2411.15124).", make_ln_dpo},
      {"ipo", "IPO (arXiv 2310.12036).", make_ipo},
      {"simpo", "SimPO (arXiv 2405.14734), without a reference.", make_simpo},
      {"slic", "Hinge loss on DPO's margin (arXiv 2305.10425, 2309.06657).", make_slic},
      {"robust", "Robust DPO for noisy preferences (arXiv 2403.00409).", make_robust},
      {"exo", "EXO for pairs (arXiv 2402.00856).", make_exo},
      {"nca", "NCA for pairs (arXiv 2402.05369).", make_nca},
      {"bco", "BCO for pairs (arXiv 2404.04656).", make_bco},
      {"sppo", "SPPO with hard labels (arXiv 2405.00675).", make_sppo},
      {"apo_zero", "APO-zero (arXiv 2408.06266).", make_apo_zero},
      {"apo_down", "APO-down (arXiv 2408.06266).", make_apo_down},
      {"ld-dpo", "LD-DPO, less sensitive to length (arXiv 2409.06411).", make_ld_dpo},
  };
  return list;
}

Objective make_objective(const ObjectiveConfig& config) {
  for (const ObjectiveEntry& entry : objectives())
    if (entry.name == config.objective) return entry.make(config);
  fail_usage("objective: \"{}\" is not known", config.objective);
}

void ObjectiveConfig::describe(Options& options) {
  std::vector<std::string> names;
  for (const ObjectiveEntry& entry : objectives()) names.emplace_back(entry.name);
  options.add("objective", objective, "Training objective.", one_of(std::move(names)));
  options.add("beta", beta, "Strength of the pull to the reference; default: the objective's own.",
              above(0));
  options.add("alpha", alpha, "WRPO's fusion coefficient: weight of the source winner.",
              between(0, 1));
  options.add("alpha_schedule", alpha_schedule,
              "linear: alpha * k / N at step k of N, from 0; constant.",
              one_of({"linear", "constant"}));
  options.add("gamma", gamma, "Target margin; default: the objective's own.", at_least(0.0));
  options.add("tau", tau, "IPO's regularisation.", above(0));
  options.add("label_smoothing", label_smoothing,
              "Probability that a preference is wrong; default: the objective's own.",
              between(0, 0.5));
  options.add("ld_alpha", ld_alpha,
              "LD-DPO's weight of the tokens beyond the shortest response's length.",
              between(0, 1));
}

at::Tensor ObjectiveBatch::utility(Utility kind) const {
  switch (kind) {
    case Utility::kLogRatio:
      return policy.sub(reference);
    case Utility::kMeanLogRatio:
      return policy.sub(reference).div(lengths);
    case Utility::kLogProbability:
      return policy;
    case Utility::kMeanLogProbability:
      return policy.div(lengths);
  }
  AMALGAM_CHECK(false);
  return {};
}

at::Tensor Objective::operator()(const ObjectiveBatch& batch) const {
  const at::Tensor u = batch.utility(utility);
  return loss(batch, batch.winner_weights.mv(u), batch.loser_weights.mv(u));
}

std::vector<double> mixing_weights(std::span<const Role> roles, int64_t winners, double alpha) {
  std::vector<double> weights;
  const auto mix = [&](std::span<const Role> side) {
    const auto total = static_cast<double>(side.size());
    const auto sources = static_cast<double>(std::count(side.begin(), side.end(), Role::kSource));
    const bool mixed = sources > 0 && sources < total;
    for (const Role role : side)
      weights.push_back(!mixed                  ? 1 / total
                        : role == Role::kSource ? alpha / sources
                                                : (1 - alpha) / (total - sources));
  };
  mix(roles.first(static_cast<size_t>(winners)));
  mix(roles.subspan(static_cast<size_t>(winners)));
  return weights;
}

at::Tensor smoothed_log_sigmoid(const at::Tensor& x, double smoothing) {
  const at::Tensor right = at::log_sigmoid(x).neg();
  if (smoothing == 0) return right;
  return right.mul(1 - smoothing).sub(at::log_sigmoid(x.neg()), smoothing);
}

}  // namespace amalgam
