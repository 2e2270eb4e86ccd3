// What several systems reached on the same prompts, by domain and in total.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/records.h"
#include "eval/statistics.h"

namespace amalgam {

/// What one system's answer to one prompt is worth: 1 or 0 for accuracy, else a reward.
struct Outcome {
  std::string system, prompt_id, domain;
  double value = 0;
};

/// Mean outcomes with 95 % intervals (Wilson's for accuracy, Student's for others): for each
/// system, in the order of first appearance, its domains in the order of first appearance, then the
/// total (domain "").
std::vector<Result> outcome_results(const std::vector<Outcome>& outcomes,
                                    const std::string& benchmark, std::string_view metric);

struct SystemComparison {
  std::string a, b;
  std::string domain;  // "" for all prompts
  PairedComparison result;
};

/// Every system against `reference` on the prompts both answered, by domain and in total. The
/// bootstrap of each pair has a stream of its own, from `seed` and the names.
std::vector<SystemComparison> compare_with(const std::vector<Outcome>& outcomes,
                                           const std::string& reference, uint64_t seed);

/// One ordered pair on the prompts both answered (`domain`: on those of one domain only).
SystemComparison compare_systems(const std::vector<Outcome>& outcomes, const std::string& a,
                                 const std::string& b, uint64_t seed,
                                 const std::optional<std::string>& domain = {});

}  // namespace amalgam
