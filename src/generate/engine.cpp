#include "generate/engine.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "core/error.h"
#include "core/random.h"
#include "generate/batcher.h"

namespace amalgam {
namespace {

void check_request(const GenerateRequest& request, const ModelShape& shape) {
  if (request.prompt.empty()) fail_usage("prompt {}: no tokens", request.id);
  const auto length = static_cast<int64_t>(request.prompt.size());
  if (shape.max_positions > 0 && length >= shape.max_positions)
    fail_usage(
        "prompt {}: {} tokens leave no room for an answer in the model's window of {}; shorten it",
        request.id, length, shape.max_positions);
  for (const Token token : request.prompt)
    if (token < 0 || token >= shape.vocab)
      fail_usage("prompt {}: token {} is outside the model's vocabulary of {}", request.id, token,
                 shape.vocab);
}

}  // namespace

void EngineConfig::describe(Options& options) {
  options.add("batch", batch, "Answers decoded together.", at_least(int64_t{1}));
  options.add("prefill_tokens", prefill_tokens,
              "Prompts are computed together up to so many tokens.", at_least(int64_t{1}));
  options.add("cache_tokens", cache_tokens,
              "Limit of the key/value cache in tokens; 0: a quarter of the free memory.",
              at_least(int64_t{0}));
}

Engine::Engine(const Pretrained& model, const Tokenizer& tokenizer, EngineConfig config)
    : model_(model), tokenizer_(tokenizer), config_(config) {}

GenerateStats Engine::generate(
    const std::vector<GenerateRequest>& requests, const SamplingConfig& sampling,
    const std::function<void(size_t, std::vector<GeneratedSample>)>& done,
    const TokenWatcher& watch) {
  const at::NoGradGuard no_grad;
  for (const GenerateRequest& request : requests) check_request(request, model_.model->shape());
  return Batcher(model_, tokenizer_, config_, requests, sampling, done, watch).run();
}

uint64_t sample_seed(uint64_t run_seed, const std::string& prompt_id, const std::string& source,
                     int64_t sample) {
  return stable_hash({std::to_string(run_seed), prompt_id, source, std::to_string(sample)});
}

}  // namespace amalgam
