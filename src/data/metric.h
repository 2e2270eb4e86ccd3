// Metrics of results, and how their numbers are shown.
#pragma once

#include <string>
#include <string_view>

namespace amalgam {

struct Metric {
  std::string_view name;      // in Result::metric
  std::string_view sentence;  // what a number is, for the heading of a table
  bool is_share = false;      // of prompts, from 0 to 1: shown in percent
  int decimals = 1;

  double shown(double value) const { return is_share ? 100 * value : value; }
  /// "61.2", "0.1374".
  std::string text(double value) const;
  /// The same with its sign, for differences.
  std::string signed_text(double value) const;
  /// What a difference is counted in: "points over", "above".
  std::string_view above() const { return is_share ? "points over" : "above"; }
};

constexpr std::string_view kAccuracy = "accuracy", kReward = "reward";

/// One that is not known is shown as a plain number.
const Metric& metric_of(std::string_view name);

}  // namespace amalgam
