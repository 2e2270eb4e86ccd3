// Continuous batching: one call of Engine::generate. Samples wait in the order of the requests; one
// is admitted when a row is free and the cache has room for its whole answer (and for its prompt,
// when it is the first of it), so decoding never runs out of pages.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "generate/engine.h"
#include "generate/kv_cache.h"
#include "generate/stop_strings.h"

namespace amalgam {

class Batcher {
 public:
  using Done = std::function<void(size_t, std::vector<GeneratedSample>)>;

  Batcher(const Pretrained& model, const Tokenizer& tokenizer, const EngineConfig& config,
          const std::vector<GenerateRequest>& requests, const SamplingConfig& sampling,
          const Done& done, const TokenWatcher& watch);
  GenerateStats run();

 private:
  /// A prompt in the cache, shared by its samples.
  struct Prompt {
    size_t index;  // of the request
    const GenerateRequest& request;
    Pages pages;
    std::vector<float> logits;  // of the first token; dropped when all samples have started
    std::vector<GeneratedSample> samples;
    size_t started = 0, finished = 0;
  };

  /// A sample being decoded.
  struct Row {
    std::shared_ptr<Prompt> prompt;
    size_t sample;
    RandomStream random;
    int64_t limit;         // tokens of the answer
    int64_t length_class;  // that of its cached keys
    bool apart;            // the prompt's keys are among the row's own
    Pages pages;
    std::vector<Token> ids;
    std::string finish_reason;  // empty while it goes on
    std::optional<StopWatcher> stop;
    std::vector<Token> seen;    // distinct tokens of prompt and answer, for the repetition penalty
    std::vector<bool> is_seen;  // (V)
  };

  int64_t answer_limit(const GenerateRequest& request) const;
  /// Pages of a row: for its answer, or for all if a change of class will part it from its prompt.
  int64_t answer_pages(const GenerateRequest& request) const;
  int64_t cache_pages() const;

  /// Starts as many samples as there is room for and draws their first tokens.
  void admit();
  /// Starts one sample if there is room; its prompt joins `fresh` if it is not in the cache yet.
  bool admit_one(std::vector<Prompt*>& fresh);
  void prefill(std::span<Prompt* const> prompts);
  /// Whole sequences: the logits of what follows them (n, V), fp32 on the CPU. Keys go to `pages`.
  struct Sequence {
    std::vector<Token> ids;
    const Pages* pages;
  };
  at::Tensor compute(std::span<const Sequence> sequences);
  /// Calls compute() for as many sequences at once as the configuration allows.
  void compute_all(std::span<const Sequence> sequences,
                   const std::function<void(size_t, std::span<const float>)>& take);
  /// One token for each row. Where the class of the length has changed, the row's cached keys do
  /// not hold any more (Model::length_class): all of it is computed anew, into its own pages.
  void decode();
  /// Logits of the rows whose cached keys hold, in order (n, V), fp32 on the CPU.
  at::Tensor decode_cached(std::span<Row* const> rows);
  /// Draws the next token of rows [first, end); `logits(i)` are those of row first + i.
  void draw(size_t first, const std::function<std::span<const float>(size_t)>& logits);
  void accept(Row& row, Token token) const;
  void note_seen(Row& row, Token token) const;
  /// Hands over what has finished and frees its pages.
  void retire();

  const Model& model_;
  const Tokenizer& tokenizer_;
  const std::vector<Token>& eos_ids_;
  const std::optional<Token> end_of_turn_;
  const EngineConfig& config_;
  const std::vector<GenerateRequest>& requests_;
  const SamplingConfig& sampling_;
  const Done& done_;
  const TokenWatcher& watch_;  // may be empty
  KvCache cache_;
  size_t next_ = 0;               // the first request whose prompt has not been admitted
  std::shared_ptr<Prompt> open_;  // the prompt whose samples are being started
  std::vector<std::unique_ptr<Row>> rows_;
  std::vector<Sampler> samplers_;  // one a thread
  GenerateStats stats_;
};

}  // namespace amalgam
