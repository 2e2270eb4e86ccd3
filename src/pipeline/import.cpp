#include "pipeline/import.h"

#include <unordered_set>

#include "core/error.h"
#include "core/log.h"
#include "data/datasets.h"
#include "data/pairing.h"
#include "pipeline/stages.h"

namespace amalgam {

void import_responses(RunStore& store, const fs::path& file) {
  constexpr size_t kChunk = 1000;  // responses a transaction
  std::vector<Response> chunk;
  std::vector<Score> scores;
  size_t responses = 0, scored = 0;
  const auto flush = [&] {
    Transaction transaction(*store.database());
    store.put_responses(chunk);
    store.put_scores(scores);
    transaction.commit();
    responses += chunk.size();
    scored += scores.size();
    chunk.clear();
    scores.clear();
  };
  read_responses(file, [&](ResponseRow row, const std::string& where) {
    if (!store.prompt(row.response.key.prompt_id))
      fail_usage("{}: \"prompt_id\": there is no prompt {}", where, row.response.key.prompt_id);
    chunk.push_back(std::move(row.response));
    for (Score& score : row.scores) scores.push_back(std::move(score));
    if (chunk.size() == kChunk) flush();
  });
  flush();
  info("import: {} responses with {} scores", responses, scored);
}

void import_prompts(Run& run) {
  if (run.store.meta("imported")) return;
  const PromptsConfig& config = run.recipe.prompts;
  std::vector<Prompt> prompts = read_prompts(config.train, [&](const std::string& id) {
    return assign_split(id, run.seed(), config.sft_fraction);
  });
  const size_t training = prompts.size();
  std::unordered_set<std::string> training_ids;
  for (const Prompt& prompt : prompts) training_ids.insert(prompt.id);
  std::vector<Prompt> heldout;
  if (!config.heldout.empty())
    heldout = read_prompts(config.heldout, [](const auto&) { return Split::kHeldOut; });
  for (Prompt& prompt : heldout) {
    if (training_ids.contains(prompt.id))
      fail_usage("{}: prompt {} is also in {}; what is trained on cannot be held out",
                 config.heldout.string(), prompt.id, config.train.string());
    prompts.push_back(std::move(prompt));
  }
  run.store.put_prompts(prompts);
  if (!config.responses.empty()) import_responses(run.store, config.responses);
  run.store.put_meta("imported", static_cast<int64_t>(prompts.size()));
  info("prompts: {} to train on, {} held out", training, prompts.size() - training);
}

}  // namespace amalgam
