// Preference objectives under other divergences than the reverse Kullback-Leibler one (Wang et al.,
// "Beyond reverse KL", arXiv 2309.16240): the optimal policy's reward is f'(pi / pi_ref), so f'
// takes the place of the log ratio.
#include <ATen/core/Tensor.h>
#include <ATen/ops/log_sigmoid.h>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {
namespace {

// Exponents end here: an extreme response must not make the loss infinite.
constexpr double kLargestExponent = 60;

at::Tensor bounded_exp(const at::Tensor& x) { return x.clamp_max(kLargestExponent).exp(); }

}  // namespace

void apply_divergence(const ObjectiveConfig& config, Objective& objective) {
  const std::string& name = config.f_divergence;
  if (name == "reverse-kl") return;
  if (objective.utility != Utility::kLogRatio || objective.whole_step ||
      objective.shift != Shift::kNone)
    fail_usage("f_divergence: {} does not compare log ratios of single responses; use reverse-kl",
               config.objective);
  // f'(e^rho) of table 1, up to constants, which cancel in differences.
  if (name == "forward-kl") {
    objective.divergence = [](const at::Tensor& rho) { return bounded_exp(rho.neg()).neg(); };
    objective.formula += ", rho replaced by -exp(-rho)";
  } else if (name == "js") {
    objective.divergence = [](const at::Tensor& rho) { return at::log_sigmoid(rho); };
    objective.formula += ", rho replaced by log sigmoid(rho)";
  } else {
    const double power = config.f_alpha - 1;
    if (power == 0)
      fail_usage("f_alpha: 1 is the reverse-kl divergence; name that, or give another");
    objective.divergence = [power](const at::Tensor& rho) {
      return bounded_exp(rho.mul(power)).div(power);
    };
    objective.formula += fmt::format(", rho replaced by exp({} rho) / {}", power, power);
  }
}

}  // namespace amalgam
