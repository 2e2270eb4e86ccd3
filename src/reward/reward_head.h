// What stands on a decoder's hidden states in a reward model. Add one as a file and its
// architectures as lines in reward_heads.cpp.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "models/model.h"
#include "reward/scorer.h"
#include "text/tokenizer.h"

namespace amalgam {

// P positions, D hidden size.
class RewardHead {
 public:
  virtual ~RewardHead() = default;
  /// The tokens of a conversation whose hidden states score() reads. A conversation that cannot be
  /// scored is a usage error.
  virtual std::vector<int64_t> positions(std::span<const Token> ids) const = 0;
  /// hidden (P, D) fp32, at those positions, after the final norm.
  virtual Scored score(const at::Tensor& hidden) const = 0;
};

/// A reward model's name in "architectures", and the family of its decoder.
struct RewardFamily {
  std::string_view architecture;  // "LlamaForSequenceClassification"
  std::string_view trunk;         // "LlamaForCausalLM"
  /// Declares the head's tensors in `weights` (fp32); `hidden`: D.
  std::unique_ptr<RewardHead> (*make)(const Json& config, int64_t hidden, Weights& weights,
                                      const Tokenizer& tokenizer);
};
const std::vector<RewardFamily>& reward_families();
/// nullptr where the architecture is none of them.
const RewardFamily* find_reward_family(std::string_view architecture);

}  // namespace amalgam
