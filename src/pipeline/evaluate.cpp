#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <unordered_map>
#include <unordered_set>

#include "core/log.h"
#include "eval/accuracy.h"
#include "pipeline/evaluation.h"
#include "pipeline/stages.h"

namespace amalgam {
namespace {

constexpr const char* kBenchmark = "heldout";

/// Each system's mean reward on the held-out prompts, with Student's interval.
std::vector<Result> reward_results(const Run& run) {
  std::unordered_set<std::string> heldout;
  for (const Prompt& prompt : run.store.prompts(Split::kHeldOut)) heldout.insert(prompt.id);
  std::unordered_map<std::string, std::vector<double>> by_system;
  run.store.for_each_score(run.recipe.score.stored_as(), [&](const Score& score) {
    if (score.key.sample == 0 && heldout.contains(score.key.prompt_id))
      by_system[score.key.source].push_back(score.value);
  });
  std::vector<Result> results;
  for (const std::string& system : run.systems()) {
    const std::vector<double>& values = by_system[system];
    if (values.empty()) continue;
    const Interval mean = mean_interval(values);
    results.push_back(
        {kBenchmark, system, "", "reward", mean.value, mean.low, mean.high, std::ssize(values)});
  }
  return results;
}

}  // namespace

std::vector<Outcome> heldout_outcomes(const Run& run) {
  if (!run.recipe.score.is_verdict()) return {};
  std::unordered_map<std::string, std::string> domain_of;
  for (const Prompt& prompt : run.store.prompts(Split::kHeldOut))
    domain_of.emplace(prompt.id, prompt.domain);
  std::unordered_map<std::string, std::vector<Outcome>> by_system;
  run.store.for_each_score(run.recipe.score.stored_as(), [&](const Score& score) {
    const auto domain = domain_of.find(score.key.prompt_id);
    if (domain == domain_of.end() || score.key.sample != 0) return;
    by_system[score.key.source].push_back(
        {score.key.source, score.key.prompt_id, domain->second, score.value >= 1});
  });
  std::vector<Outcome> outcomes;
  for (const std::string& system : run.systems())
    std::move(by_system[system].begin(), by_system[system].end(), std::back_inserter(outcomes));
  return outcomes;
}

void evaluate_systems(Run& run) {
  const std::vector<Prompt> heldout = run.store.prompts(Split::kHeldOut);
  for (const std::string& system : run.systems())
    sample_model(run, system, heldout, run.recipe.evaluate);
  score_responses(run);
  run.store.put_results(run.recipe.score.is_verdict()
                            ? accuracy_results(heldout_outcomes(run), kBenchmark)
                            : reward_results(run));
}

Evaluation evaluation_of(const Run& run) {
  const std::vector<Outcome> outcomes = heldout_outcomes(run);
  Evaluation evaluation;
  for (const Result& result : run.store.results())
    if (result.benchmark == kBenchmark && result.metric == "accuracy")
      evaluation.results.push_back(result);
  const auto seed = static_cast<uint64_t>(run.seed());
  if (outcomes.empty()) return evaluation;
  evaluation.comparisons = compare_with(outcomes, run.target_sft(), seed);
  const auto& prefer = run.recipe.prefer;
  for (size_t i = 1; i < prefer.size(); ++i)
    evaluation.between_runs.push_back(
        compare_systems(outcomes, prefer[0].first, prefer[i].first, seed));
  evaluation.table =
      make_table(evaluation.results, run.systems(), evaluation.comparisons, run.target_sft());
  return evaluation;
}

void print_results(const Run& run) {
  const Evaluation evaluation = evaluation_of(run);
  const std::vector<Result> rewards =
      run.recipe.score.is_verdict() ? std::vector<Result>() : reward_results(run);
  if (!evaluation.results.empty())
    std::fputs(format_table(evaluation.table, isatty(STDOUT_FILENO) == 1).c_str(), stdout);
  for (const Result& r : rewards)
    fmt::print("{:<20} mean reward {:.4f} [{:.4f}, {:.4f}] of {} answers\n", r.subject, r.value,
               r.low, r.high, r.n);
  for (const SystemComparison& c : evaluation.between_runs)
    fmt::print("{} against {}: {}\n", c.a, c.b, format_difference(c.result));
  fmt::print("report: {}\n", (run.folder / "report.html").string());
}

}  // namespace amalgam
