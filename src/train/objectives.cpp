#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/where.h>

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
Objective make_slic_hf(const ObjectiveConfig&);
Objective make_rrhf(const ObjectiveConfig&);
Objective make_robust(const ObjectiveConfig&);
Objective make_r_dpo(const ObjectiveConfig&);
Objective make_wpo(const ObjectiveConfig&);
Objective make_cpo(const ObjectiveConfig&);
Objective make_orpo(const ObjectiveConfig&);
Objective make_kto(const ObjectiveConfig&);
Objective make_exo(const ObjectiveConfig&);
Objective make_nca(const ObjectiveConfig&);
Objective make_bco(const ObjectiveConfig&);
Objective make_sppo(const ObjectiveConfig&);
Objective make_apo_zero(const ObjectiveConfig&);
Objective make_apo_down(const ObjectiveConfig&);
Objective make_ld_dpo(const ObjectiveConfig&);
Objective make_aot(const ObjectiveConfig&);
Objective make_aot_unpaired(const ObjectiveConfig&);
Objective make_discopop(const ObjectiveConfig&);

const std::vector<ObjectiveEntry>& objectives() {
  static const std::vector<ObjectiveEntry> list = {
      {"sft", "Negative log-likelihood of the winner.", make_sft, {}},
      {"wrpo", "WRPO (arXiv 2412.03187): DPO on a mixture of source and target winner.", make_wrpo},
      {"dpo", "DPO (arXiv 2305.18290), with label smoothing cDPO.", make_dpo},
      {"ln-dpo", "Length-normalised DPO (arXiv 2405.14734, 2411.15124).", make_ln_dpo},
      {"ipo", "IPO (arXiv 2310.12036).", make_ipo},
      {"simpo", "SimPO (arXiv 2405.14734), without a reference.", make_simpo},
      {"slic", "Hinge loss on DPO's margin (arXiv 2305.10425, 2309.06657).", make_slic},
      {"slic-hf", "SLiC-HF as published, without a reference (arXiv 2305.10425).", make_slic_hf, 1},
      {"rrhf", "RRHF (arXiv 2304.05302), without a reference.", make_rrhf, 1},
      {"robust", "Robust DPO for noisy preferences (arXiv 2403.00409).", make_robust},
      {"r-dpo", "DPO with a penalty on length (arXiv 2403.19159).", make_r_dpo},
      {"wpo", "DPO weighted by the policy's own probability (arXiv 2406.11827).", make_wpo},
      {"cpo", "CPO (arXiv 2401.08417), without a reference.", make_cpo, 1},
      {"orpo", "ORPO (arXiv 2403.07691), without a reference.", make_orpo, {}},
      {"kto", "KTO (arXiv 2402.01306), for unpaired responses.", make_kto, {}},
      {"exo", "EXO for pairs (arXiv 2402.00856).", make_exo},
      {"nca", "NCA for pairs (arXiv 2402.05369).", make_nca},
      {"bco", "BCO for pairs and for unpaired responses (arXiv 2404.04656).", make_bco, {}},
      {"sppo", "SPPO with hard labels (arXiv 2405.00675).", make_sppo},
      {"apo_zero", "APO-zero (arXiv 2408.06266).", make_apo_zero},
      {"apo_down", "APO-down (arXiv 2408.06266).", make_apo_down},
      {"ld-dpo", "LD-DPO, less sensitive to length (arXiv 2409.06411).", make_ld_dpo},
      {"aot", "AOT (arXiv 2406.05882): quantiles of margins over a step.", make_aot},
      {"aot_unpaired", "AOT without pairs: quantiles of rewards over a step.", make_aot_unpaired},
      {"discopop", "DiscoPOP's log-ratio modulated loss (arXiv 2406.08414).", make_discopop},
  };
  return list;
}

Objective make_objective(const ObjectiveConfig& config) {
  std::vector<std::string> names;
  for (const ObjectiveEntry& entry : objectives()) {
    names.emplace_back(entry.name);
    if (entry.name != config.objective) continue;
    Objective objective = entry.make(config);
    apply_divergence(config, objective);
    if (entry.nll_weight) objective.nll_weight = config.lambda.value_or(*entry.nll_weight);
    if (config.nll) objective.nll_mean = *config.nll == "mean";
    if (objective.nll_weight != 0)
      objective.formula +=
          fmt::format(" + {} (-s_w{})", objective.nll_weight, objective.nll_mean ? " / |y_w|" : "");
    return objective;
  }
  const auto near = nearest_name(config.objective, names);
  fail_usage("objective: \"{}\" is not known{}", config.objective,
             near ? fmt::format("; did you mean \"{}\"?", *near) : "");
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
    case Utility::kLogOdds: {
      const at::Tensor mean = policy.div(lengths);
      return mean.sub(log1mexp(mean));
    }
  }
  AMALGAM_CHECK(false);
  return {};
}

at::Tensor Objective::operator()(const ObjectiveBatch& batch) const {
  at::Tensor u = batch.utility(utility);
  if (divergence) u = divergence(u);
  const at::Tensor losses = loss(batch, batch.winner_weights.mv(u), batch.loser_weights.mv(u));
  if (nll_weight == 0) return losses;
  const at::Tensor s = nll_mean ? batch.policy.div(batch.lengths) : batch.policy;
  return losses.sub(batch.winner_weights.mv(s), nll_weight);
}

std::vector<double> mixing_weights(std::span<const Role> roles, int64_t winners, double alpha,
                                   std::span<const double> shares) {
  std::vector<double> weights;
  const auto mix = [&](size_t first, size_t last) {
    size_t count = 0;
    double sources = 0, total = 0;
    const auto share = [&](size_t i) { return shares.empty() ? 1.0 : shares[i]; };
    for (size_t i = first; i < last; ++i) {
      total += share(i);
      if (roles[i] == Role::kSource) sources += share(i), ++count;
    }
    const bool mixed = count > 0 && count < last - first;
    for (size_t i = first; i < last; ++i) {
      const bool source = roles[i] == Role::kSource;
      const double part = !mixed ? 1 : source ? alpha : 1 - alpha;
      weights.push_back(part * share(i) / (!mixed ? total : source ? sources : total - sources));
    }
  };
  mix(0, static_cast<size_t>(winners));
  mix(static_cast<size_t>(winners), roles.size());
  return weights;
}

at::Tensor smoothed_log_sigmoid(const at::Tensor& x, double smoothing) {
  const at::Tensor right = at::log_sigmoid(x).neg();
  if (smoothing == 0) return right;
  return right.mul(1 - smoothing).sub(at::log_sigmoid(x.neg()), smoothing);
}

at::Tensor log1mexp(const at::Tensor& x) {
  // Below -log 2 exp(x) is small, above it 1 - exp(x) is (Maechler, "Accurately computing log(1 -
  // exp(-|a|))", 2012). Each branch sees values that are harmless to it, so that gradients are,
  // too.
  constexpr double kMiddle = -0.6931471805599453, kNearest = -1e-12;
  const at::Tensor small = x.clamp_max(kMiddle).exp().neg().log1p();
  const at::Tensor near_one = x.clamp(kMiddle, kNearest).expm1().neg().log();
  return at::where(x.lt(kMiddle), small, near_one);
}

}  // namespace amalgam
