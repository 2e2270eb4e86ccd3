// A batch: a flat run of tokens without padding. Each prompt stands once; its responses follow and
// branch off it, with positions that continue from the prompt.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/token.h"

namespace amalgam {

/// A prompt and the responses that continue it, as token ids.
struct TokenizedExample {
  std::string id;
  std::vector<Token> prompt;                  // at least one token
  std::vector<std::vector<Token>> responses;  // each at least one token; end of turn included

  /// Of the packed form: all responses, and the prompt once, or once for each of them.
  int64_t tokens(bool share_prompts = true) const;
};

/// Tokens [begin, end) of the flat run. Each attends to all of [prefix_begin, prefix_end) and
/// causally to its own segment. A prompt, or a sequence alone, has an empty prefix.
struct Segment {
  int64_t begin = 0, end = 0;
  int64_t prefix_begin = 0, prefix_end = 0;

  int64_t length() const { return end - begin; }
  int64_t prefix() const { return prefix_end - prefix_begin; }
  bool operator==(const Segment&) const = default;
};

// T tokens in the batch, M of them to be predicted, R responses.
struct PackedBatch {
  at::Tensor ids;        // (T) int64
  at::Tensor positions;  // (T) int64
  std::vector<Segment> segments;
  at::Tensor rows;         // (M) int64: the token whose hidden state predicts the target
  at::Tensor targets;      // (M) int64: the response token it predicts
  at::Tensor response_of;  // (M) int64: 0 ... R-1, in the order of examples, then responses
  int64_t responses = 0;   // R
  std::vector<int64_t> response_lengths;  // (R)

  int64_t tokens() const { return ids.size(0); }
};

/// Tokens of the whole sequence that each token stands in: its prefix and its segment. A prompt
/// goes by the longest response that branches off it.
std::vector<int64_t> sequence_lengths(const std::vector<Segment>& segments);

/// Packs the examples in the order given. A response's first token is predicted by the prompt's
/// last. Where `length_class` is given (Model::length_class), only neighbouring responses whose
/// sequences are of the same class share a copy of the prompt; without `share_prompts` none do.
PackedBatch pack(std::span<const TokenizedExample* const> examples, at::Device device = at::kCPU,
                 const std::function<int64_t(int64_t length)>& length_class = {},
                 bool share_prompts = true);

}  // namespace amalgam
