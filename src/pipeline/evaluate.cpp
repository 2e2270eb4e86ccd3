#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <unordered_map>

#include "core/log.h"
#include "eval/accuracy.h"
#include "pipeline/evaluation.h"
#include "pipeline/stages.h"

namespace amalgam {
namespace {

/// Calls visit(score) for the first answer of a system to each held-out prompt.
void for_each_heldout_score(const Run& run, const std::string& system,
                            const std::function<void(const Score&)>& visit) {
  run.store.for_each_score(run.recipe.score.stored_as(), {Split::kHeldOut, system},
                           [&](const Score& score) {
                             if (score.key.sample == 0) visit(score);
                           });
}

/// Each system's mean reward on the held-out prompts, with Student's interval.
std::vector<Result> reward_results(const Run& run, const std::vector<std::string>& systems) {
  std::vector<Result> results;
  for (const std::string& system : systems) {
    std::vector<double> values;
    for_each_heldout_score(run, system, [&](const Score& score) { values.push_back(score.value); });
    if (values.empty()) continue;
    const Interval mean = mean_interval(values);
    results.push_back({kHeldOutBenchmark, system, "", "reward", mean.value, mean.low, mean.high,
                       std::ssize(values)});
  }
  return results;
}

}  // namespace

std::vector<Outcome> heldout_outcomes(const Run& run, const std::vector<std::string>& systems) {
  if (!run.recipe.score.is_verdict()) return {};
  std::unordered_map<std::string, std::string> domain_of;
  for (const Prompt& prompt : run.store.prompts(Split::kHeldOut))
    domain_of.emplace(prompt.id, prompt.domain);
  std::vector<Outcome> outcomes;
  for (const std::string& system : systems)
    for_each_heldout_score(run, system, [&](const Score& score) {
      const std::string& prompt = score.key.prompt_id;
      outcomes.push_back({system, prompt, domain_of.at(prompt), score.value >= 1});
    });
  return outcomes;
}

void measure_systems(Run& run, const std::vector<std::string>& systems) {
  const std::vector<Prompt> heldout = run.store.prompts(Split::kHeldOut);
  for (const std::string& system : systems) {
    sample_model(run, system, heldout, run.recipe.evaluate);
    score_waiting(run, {Split::kHeldOut, system});
  }
  run.store.put_results(run.recipe.score.is_verdict()
                            ? accuracy_results(heldout_outcomes(run, systems), kHeldOutBenchmark)
                            : reward_results(run, systems));
}

void evaluate_systems(Run& run) { measure_systems(run, run.systems()); }

Evaluation evaluation_of(const Run& run) {
  const std::vector<Outcome> outcomes = heldout_outcomes(run, run.systems());
  Evaluation evaluation;
  for (const Result& result : run.store.results())
    if (result.benchmark == kHeldOutBenchmark && result.metric == "accuracy")
      evaluation.results.push_back(result);
  const auto seed = static_cast<uint64_t>(run.seed());
  if (outcomes.empty()) return evaluation;
  evaluation.comparisons = compare_with(outcomes, run.target_sft(), seed);
  std::vector<std::string> systems = run.systems();
  std::erase_if(systems, [&](const std::string& system) {
    return std::none_of(outcomes.begin(), outcomes.end(),
                        [&](const Outcome& outcome) { return outcome.system == system; });
  });
  const auto is_measured = [&](const std::string& system) {
    return std::find(systems.begin(), systems.end(), system) != systems.end();
  };
  const auto& prefer = run.recipe.prefer;
  for (size_t i = 1; i < prefer.size(); ++i)
    if (is_measured(prefer[0].first) && is_measured(prefer[i].first))
      evaluation.between_runs.push_back(
          compare_systems(outcomes, prefer[0].first, prefer[i].first, seed));
  evaluation.table =
      make_table(evaluation.results, std::move(systems), evaluation.comparisons, run.target_sft());
  return evaluation;
}

void print_results(const Run& run) {
  const Evaluation evaluation = evaluation_of(run);
  const std::vector<Result> rewards =
      run.recipe.score.is_verdict() ? std::vector<Result>() : reward_results(run, run.systems());
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
