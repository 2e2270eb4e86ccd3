#include <unordered_map>

#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "pipeline/stages.h"
#include "reward/scorer.h"

namespace amalgam {

void score_responses(Run& run) {
  const std::string& name = run.recipe.score.scorer;
  const std::vector<Response> waiting = run.store.unscored(name);
  if (waiting.empty()) return;
  ScoreConfig settings = run.recipe.score;
  const auto scorer = make_scorer(name, Options::described(settings).dump());
  std::unordered_map<std::string, Prompt> prompts;
  for (Prompt& prompt : run.store.prompts()) {
    std::string id = prompt.id;
    prompts.emplace(std::move(id), std::move(prompt));
  }
  constexpr size_t kChunk = 4096;
  Progress progress("score " + name, static_cast<int64_t>(waiting.size()), "answers");
  for (size_t begin = 0; begin < waiting.size(); begin += kChunk) {
    const size_t end = std::min(begin + kChunk, waiting.size());
    std::vector<ScoreRequest> requests;
    for (size_t i = begin; i < end; ++i)
      requests.push_back({&prompts.at(waiting[i].key.prompt_id), &waiting[i]});
    const std::vector<Scored> scored = scorer->score(requests);
    std::vector<Score> scores;
    for (size_t i = 0; i < scored.size(); ++i)
      scores.push_back(
          {waiting[begin + i].key, name, scored[i].value.value_or(0), scored[i].details});
    run.store.put_scores(scores);
    progress.advance(static_cast<int64_t>(end - begin));
  }
}

}  // namespace amalgam
