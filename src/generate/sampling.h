// How a token is drawn from logits: Hugging Face's parameters with their meanings and order
// (repetition penalty, temperature, top-k, top-p).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/config.h"
#include "core/random.h"
#include "core/token.h"

namespace amalgam {

/// Lower temperatures decode greedily, which is their limit.
constexpr double kGreedyTemperature = 1e-5;

struct SamplingConfig {
  int64_t n = 1;  // samples a prompt
  int64_t max_new_tokens = 512;
  double temperature = 1;  // below kGreedyTemperature: greedy
  double top_p = 1;
  int64_t top_k = 0;  // 0: off
  double repetition_penalty = 1;
  bool ignore_eos = false;
  std::vector<std::string> stop;  // stop strings, cut from the text
  void describe(Options& options);
};

/// The same as flags of a command: what they do not give, the model's own files do.
struct SamplingFlags {
  int64_t n = 1;
  int64_t max_new_tokens = 512;
  std::optional<double> temperature, top_p;
  std::optional<int64_t> top_k;
  std::optional<double> repetition_penalty;
  bool ignore_eos = false;
  std::vector<std::string> stop;
  void describe(Options& options);

  /// With temperature, top_p, top_k and repetition_penalty of generation_config.json in `model`
  /// where there is no flag ("do_sample": false decodes greedily, unless a flag asks for sampling),
  /// and 1, 1, 0 and 1 where that gives none. Says what it took, and warns of settings there that
  /// are not supported.
  SamplingConfig for_model(const fs::path& model) const;
};

/// Draws tokens. Holds scratch memory only, one object a thread: a token is a function of the
/// arguments and of the stream's next number. Arithmetic is fp32 for the weights exp((logit - max)
/// / temperature) and fp64 for their sums, in a fixed order.
class Sampler {
 public:
  /// `seen`: each token of prompt and answer so far, once, for the repetition penalty (Keskar et
  /// al., arXiv 1909.05858: positive logits are divided by it, negative ones multiplied). Equal
  /// logits rank by token id. Greedy decoding consumes no random number. Logits that are not finite
  /// are an error.
  Token draw(std::span<const float> logits, std::span<const Token> seen,
             const SamplingConfig& config, RandomStream& random);

 private:
  // Ranks weights 2^-31 ... 1 by the upper bits of their representation, 128 buckets an octave.
  static constexpr int64_t kBuckets = 4096;

  void keep_top_k(int64_t k);
  void keep_top_p(double p);
  /// Indices of the weights in `bucket`, the heaviest first, then by index.
  void rank_bucket(int64_t bucket);
  /// The token at which the running sum of weights, in the order of ids, passes `uniform` of the
  /// total.
  Token invert(double uniform);

  std::vector<float> logits_;   // with the penalty applied
  std::vector<float> weights_;  // padded with zeros to whole runs
  std::array<double, kBuckets> mass_;
  std::array<int32_t, kBuckets> count_;
  std::vector<int32_t> ranked_;
  std::vector<double> runs_;  // sums of weights
};

}  // namespace amalgam
