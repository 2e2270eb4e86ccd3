#include <set>

#include "core/log.h"
#include "data/pairing.h"
#include "pipeline/stages.h"

namespace amalgam {
namespace {

void pair_stage(Run& run, Split split, const std::string& recipe) {
  if (run.store.meta("pairs." + recipe)) return;
  PairTask task;
  task.recipe = recipe;
  task.scorer = run.recipe.score.stored_as();
  task.target = run.own_samples();
  task.seed = run.seed();
  PairConfig config = run.recipe.pair;
  // A store may hold answers of models that are not in this recipe.
  if (config.sources.empty())
    for (const ModelConfig& source : run.recipe.sources) config.sources.push_back(source.name);
  const PairCounts counts = pair_run(run.store, split, recipe, config, task);
  info("pairs for {}:\n{}", recipe, counts.summary());
}

}  // namespace

void pair_for_sft(Run& run) { pair_stage(run, Split::kSft, "sft"); }

void pair_for_preference(Run& run) {
  std::set<std::string> done;
  for (const auto& [name, stage] : run.recipe.prefer)
    if (done.insert(stage.pairs).second) pair_stage(run, Split::kPrefer, stage.pairs);
}

}  // namespace amalgam
