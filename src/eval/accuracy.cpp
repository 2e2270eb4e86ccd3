#include "eval/accuracy.h"

#include <algorithm>
#include <map>

#include "core/random.h"

namespace amalgam {
namespace {

/// Values of one field in the order of first appearance.
std::vector<std::string> distinct(const std::vector<Outcome>& outcomes,
                                  std::string Outcome::*field) {
  std::vector<std::string> values;
  for (const Outcome& outcome : outcomes)
    if (std::find(values.begin(), values.end(), outcome.*field) == values.end())
      values.push_back(outcome.*field);
  return values;
}

}  // namespace

std::vector<Result> accuracy_results(const std::vector<Outcome>& outcomes,
                                     const std::string& benchmark) {
  struct Count {
    int64_t correct = 0, n = 0;
  };
  std::map<std::pair<std::string, std::string>, Count> counts;  // (system, domain)
  std::map<std::string, Count> totals;
  for (const Outcome& outcome : outcomes) {
    for (Count* count : {&counts[{outcome.system, outcome.domain}], &totals[outcome.system]}) {
      count->correct += outcome.correct;
      ++count->n;
    }
  }
  std::vector<Result> results;
  const auto domains = distinct(outcomes, &Outcome::domain);
  for (const std::string& system : distinct(outcomes, &Outcome::system)) {
    const auto append = [&](const std::string& domain, const Count& count) {
      const Interval interval = wilson(count.correct, count.n);
      results.push_back({benchmark, system, domain, "accuracy", interval.value, interval.low,
                         interval.high, count.n});
    };
    for (const std::string& domain : domains) {
      const auto found = counts.find({system, domain});
      if (!domain.empty() && found != counts.end()) append(domain, found->second);
    }
    append("", totals[system]);
  }
  return results;
}

SystemComparison compare_systems(const std::vector<Outcome>& outcomes, const std::string& a,
                                 const std::string& b, uint64_t seed,
                                 const std::optional<std::string>& domain) {
  std::map<std::string, bool> of_a, of_b;
  for (const Outcome& outcome : outcomes) {
    if (domain && outcome.domain != *domain) continue;
    if (outcome.system == a) of_a[outcome.prompt_id] = outcome.correct;
    if (outcome.system == b) of_b[outcome.prompt_id] = outcome.correct;
  }
  std::vector<bool> right_a, right_b;
  for (const auto& [prompt, correct] : of_a) {
    const auto other = of_b.find(prompt);
    if (other == of_b.end()) continue;
    right_a.push_back(correct);
    right_b.push_back(other->second);
  }
  const std::string name = domain.value_or("");
  const uint64_t stream = stable_hash({"compare", std::to_string(seed), a, b, name});
  return {a, b, name, compare_paired(right_a, right_b, stream)};
}

std::vector<SystemComparison> compare_with(const std::vector<Outcome>& outcomes,
                                           const std::string& reference, uint64_t seed) {
  std::vector<SystemComparison> comparisons;
  const auto domains = distinct(outcomes, &Outcome::domain);
  for (const std::string& system : distinct(outcomes, &Outcome::system)) {
    if (system == reference) continue;
    for (const std::string& domain : domains)
      if (!domain.empty())
        comparisons.push_back(compare_systems(outcomes, system, reference, seed, domain));
    comparisons.push_back(compare_systems(outcomes, system, reference, seed));
  }
  return comparisons;
}

}  // namespace amalgam
