#include "eval/outcomes.h"

#include <algorithm>
#include <map>

#include "core/random.h"
#include "data/metric.h"

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

std::vector<Result> outcome_results(const std::vector<Outcome>& outcomes,
                                    const std::string& benchmark, std::string_view metric) {
  std::map<std::pair<std::string, std::string>, std::vector<double>> values;  // (system, domain)
  std::map<std::string, std::vector<double>> totals;
  for (const Outcome& outcome : outcomes) {
    values[{outcome.system, outcome.domain}].push_back(outcome.value);
    totals[outcome.system].push_back(outcome.value);
  }
  const auto interval_of = [&](const std::vector<double>& of) {
    if (metric != kAccuracy) return mean_interval(of);
    return wilson(std::count(of.begin(), of.end(), 1.0), std::ssize(of));
  };
  std::vector<Result> results;
  const auto domains = distinct(outcomes, &Outcome::domain);
  for (const std::string& system : distinct(outcomes, &Outcome::system)) {
    const auto append = [&](const std::string& domain, const std::vector<double>& of) {
      const Interval interval = interval_of(of);
      results.push_back({benchmark, system, domain, std::string(metric), interval.value,
                         interval.low, interval.high, std::ssize(of)});
    };
    for (const std::string& domain : domains) {
      const auto found = values.find({system, domain});
      if (!domain.empty() && found != values.end()) append(domain, found->second);
    }
    append("", totals[system]);
  }
  return results;
}

SystemComparison compare_systems(const std::vector<Outcome>& outcomes, const std::string& a,
                                 const std::string& b, uint64_t seed,
                                 const std::optional<std::string>& domain) {
  std::map<std::string, double> of_a, of_b;
  for (const Outcome& outcome : outcomes) {
    if (domain && outcome.domain != *domain) continue;
    if (outcome.system == a) of_a[outcome.prompt_id] = outcome.value;
    if (outcome.system == b) of_b[outcome.prompt_id] = outcome.value;
  }
  std::vector<double> values_a, values_b;
  for (const auto& [prompt, value] : of_a) {
    const auto other = of_b.find(prompt);
    if (other == of_b.end()) continue;
    values_a.push_back(value);
    values_b.push_back(other->second);
  }
  const std::string name = domain.value_or("");
  const uint64_t stream = stable_hash({"compare", std::to_string(seed), a, b, name});
  return {a, b, name, compare_paired(values_a, values_b, stream)};
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
