#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <unordered_map>

#include "core/log.h"
#include "data/metric.h"
#include "eval/outcomes.h"
#include "pipeline/evaluation.h"
#include "pipeline/stages.h"

namespace amalgam {
namespace {

/// What an outcome of the run is.
std::string_view metric_name(const Run& run) {
  return run.recipe.score.is_verdict() ? kAccuracy : kReward;
}

}  // namespace

std::vector<Outcome> heldout_outcomes(const Run& run, const std::vector<std::string>& systems) {
  std::unordered_map<std::string, std::string> domain_of;
  for (const Prompt& prompt : run.store.prompts(Split::kHeldOut))
    domain_of.emplace(prompt.id, prompt.domain);
  std::vector<Outcome> outcomes;
  for (const std::string& system : systems)
    run.store.for_each_score(
        run.recipe.score.stored_as(), {Split::kHeldOut, system}, [&](const Score& score) {
          const std::string& prompt = score.key.prompt_id;
          if (score.key.sample == 0)
            outcomes.push_back({system, prompt, domain_of.at(prompt), score.value});
        });
  return outcomes;
}

void measure_systems(Run& run, const std::vector<std::string>& systems) {
  const std::vector<Prompt> heldout = run.store.prompts(Split::kHeldOut);
  for (const std::string& system : systems) {
    sample_model(run, system, heldout, run.recipe.evaluate);
    score_waiting(run, {Split::kHeldOut, system});
  }
  run.store.put_results(
      outcome_results(heldout_outcomes(run, systems), kHeldOutBenchmark, metric_name(run)));
}

void evaluate_systems(Run& run) { measure_systems(run, run.systems()); }

Evaluation evaluation_of(const Run& run) {
  const std::vector<Outcome> outcomes = heldout_outcomes(run, run.systems());
  Evaluation evaluation;
  for (const Result& result : run.store.results())
    if (result.benchmark == kHeldOutBenchmark && result.metric == metric_name(run))
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
  if (!evaluation.results.empty()) {
    const Metric& metric = evaluation.table.metric;
    if (!metric.is_share) fmt::print("{}, with 95 % intervals:\n", metric.sentence);
    std::fputs(format_table(evaluation.table, isatty(STDOUT_FILENO) == 1).c_str(), stdout);
  }
  for (const SystemComparison& c : evaluation.between_runs)
    fmt::print("{} against {}: {}\n", c.a, c.b,
               format_difference(c.result, evaluation.table.metric));
  fmt::print("report: {}\n", (run.folder / "report.html").string());
}

}  // namespace amalgam
