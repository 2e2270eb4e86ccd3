#include "pipeline/import.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "core/log.h"
#include "data/datasets.h"
#include "data/pairing.h"
#include "pipeline/inputs.h"
#include "pipeline/stages.h"
#include "reward/scorer.h"
#include "text/tokenizer.h"

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

std::vector<Prompt> read_run_prompts(const RunStore& store, const fs::path& train,
                                     const fs::path& heldout,
                                     const std::function<Split(const std::string&)>& split_of) {
  std::vector<Prompt> prompts = read_prompts(train, split_of);
  std::unordered_map<std::string, Split> splits;
  std::unordered_set<std::string> trained_on;  // hashes of messages
  for (const Prompt& prompt : prompts) {
    splits.emplace(prompt.id, prompt.split);
    if (prompt.split != Split::kHeldOut) trained_on.insert(messages_id(prompt.messages));
  }
  std::vector<Prompt> measured;
  if (!heldout.empty())
    measured = read_prompts(heldout, [](const auto&) { return Split::kHeldOut; });
  int64_t repeated = 0;
  for (Prompt& prompt : measured) {
    prompt.split = Split::kHeldOut;
    const auto other = splits.find(prompt.id);
    if (other != splits.end() && other->second != Split::kHeldOut)
      fail_usage("{}: prompt {} is also in {}; what is trained on cannot be held out",
                 heldout.string(), prompt.id, train.string());
    repeated += trained_on.contains(messages_id(prompt.messages));
    if (other == splits.end()) prompts.push_back(std::move(prompt));
  }
  if (repeated > 0)
    warn(
        "{}: {} prompts have the very messages of prompts in {}, under other ids; they are trained "
        "on and measured",
        heldout.string(), repeated, train.string());
  std::unordered_map<std::string, Split> there;
  for (const Prompt& prompt : store.prompts()) there.emplace(prompt.id, prompt.split);
  for (const Prompt& prompt : prompts) {
    const auto before = there.find(prompt.id);
    if (before != there.end() &&
        (before->second == Split::kHeldOut) != (prompt.split == Split::kHeldOut))
      fail_usage(
          "{}: prompt {} is in this run as {}, here it is {}; what is trained on cannot be "
          "held out",
          (prompt.split == Split::kHeldOut && !heldout.empty() ? heldout : train).string(),
          prompt.id, to_string(before->second), to_string(prompt.split));
  }
  return prompts;
}

namespace {

/// What can be known of the prompts before anything is sampled: that each model's chat template
/// takes them, and the scorer.
void check_prompts(const Run& run, const std::vector<Prompt>& prompts) {
  const auto check_template = [&](const ModelConfig& model, const std::string& key) {
    if (model.model.empty()) return;
    const Tokenizer tokenizer = Tokenizer::load(model.model);
    for (const Prompt& prompt : prompts)
      with_context(fmt::format("{} ({}): prompt {}", key, model.name, prompt.id), [&] {
        tokenizer.render_chat(prompt.messages, {.add_generation_prompt = true});
      });
  };
  for (size_t i = 0; i < run.recipe.sources.size(); ++i)
    check_template(run.recipe.sources[i], fmt::format("sources.{}", i));
  check_template(run.recipe.target, "target");
  if (!run.recipe.prompts.responses.empty()) return;  // which may bring all scores
  const auto scorer = make_scorer(run.recipe.score.scorer, scorer_settings(run.recipe));
  with_context("score", [&] {
    for (const Prompt& prompt : prompts) scorer->check(prompt);
  });
}

}  // namespace

void import_prompts(Run& run) {
  const PromptsConfig& config = run.recipe.prompts;
  if (!run.store.meta("imported")) {
    const std::vector<Prompt> prompts = read_run_prompts(
        run.store, config.train, config.heldout,
        [&](const std::string& id) { return assign_split(id, run.seed(), config.sft_fraction); });
    check_prompts(run, prompts);
    run.store.put_prompts(prompts);
    if (!config.responses.empty()) import_responses(run.store, config.responses);
    run.store.put_meta("imported", static_cast<int64_t>(prompts.size()));
    const auto heldout = std::count_if(prompts.begin(), prompts.end(), [](const Prompt& prompt) {
      return prompt.split == Split::kHeldOut;
    });
    info("prompts: {} to train on, {} held out", std::ssize(prompts) - heldout, heldout);
  }
  for (const auto& [key, file] : {std::pair("prompts.train", config.train),
                                  {"prompts.heldout", config.heldout},
                                  {"prompts.responses", config.responses}})
    if (!file.empty()) note_input(run.store, key, file);
}

}  // namespace amalgam
