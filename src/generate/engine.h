// Batched sampling with a key/value cache. The prompt of N samples is computed once and shared;
// finished rows are replaced at once by waiting ones. A sample's random stream is a function of its
// seed alone, so results do not depend on the batch.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/config.h"
#include "generate/sampling.h"
#include "models/pretrained.h"
#include "text/tokenizer.h"

namespace amalgam {

/// One prompt and the seeds of its samples (seeds.size() samples are drawn).
struct GenerateRequest {
  std::string id;
  std::vector<Token> prompt;
  std::vector<uint64_t> seeds;
  int64_t max_new_tokens = 0;  // of each sample; 0: the SamplingConfig's
  bool chat = false;           // ends too where the chat template ends an answer
};

struct GeneratedSample {
  std::vector<Token> ids;     // without the closing EOS; the tokens of a stop string included
  std::string text;           // special tokens skipped, a stop string cut off
  std::string finish_reason;  // "stop", "length" or "stopped" (by a TokenWatcher)
  uint64_t seed = 0;
};

struct EngineConfig {
  int64_t batch = 256;            // rows decoded together
  int64_t prefill_tokens = 4096;  // prompts are computed together up to so many tokens
  int64_t cache_tokens = 0;  // limit of the key/value cache in tokens; 0: a quarter of free memory
  void describe(Options& options);
};

/// Where the time of a call went. A step of decoding yields one token for each of its rows.
struct GenerateStats {
  double prefill_seconds = 0, decode_seconds = 0;
  int64_t prompt_tokens = 0, decode_steps = 0, tokens = 0;
};

/// Sees the tokens of a sample (index of the request, of the sample) as they grow; false ends it
/// with the finish reason "stopped".
using TokenWatcher = std::function<bool(size_t, size_t, const std::vector<Token>&)>;

class Engine {
 public:
  /// Both must outlive the engine.
  Engine(const Pretrained& model, const Tokenizer& tokenizer, EngineConfig config = {});

  /// Calls `done(index of the request, its samples)` as requests finish, in any order. A prompt
  /// that leaves no room for a new token in the model's window is a usage error naming its id.
  GenerateStats generate(const std::vector<GenerateRequest>& requests,
                         const SamplingConfig& sampling,
                         const std::function<void(size_t, std::vector<GeneratedSample>)>& done,
                         const TokenWatcher& watch = {});

 private:
  const Pretrained& model_;
  const Tokenizer& tokenizer_;
  EngineConfig config_;
};

/// The seed of one sample (docs/design.md, determinism).
uint64_t sample_seed(uint64_t run_seed, const std::string& prompt_id, const std::string& source,
                     int64_t sample);

}  // namespace amalgam
