#include "data/metric.h"

#include <fmt/format.h>

namespace amalgam {

std::string Metric::text(double value) const {
  return fmt::format("{:.{}f}", shown(value), decimals);
}

std::string Metric::signed_text(double value) const {
  return fmt::format("{:+.{}f}", shown(value), decimals);
}

const Metric& metric_of(std::string_view name) {
  static constexpr Metric kMetrics[] = {
      {kAccuracy, "Percent of held-out prompts answered right", true, 1},
      {kReward, "Mean reward of the answers to the held-out prompts", false, 4},
  };
  static constexpr Metric kOther = {"", "Value", false, 4};
  for (const Metric& metric : kMetrics)
    if (metric.name == name) return metric;
  return kOther;
}

}  // namespace amalgam
