// Reward models: a Hugging Face folder that scores conversations.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "reward/reward_head.h"

namespace amalgam {

class RewardModel {
 public:
  /// Reads config.json, tokenizer and weights of `folder`; the decoder computes in `dtype`, the
  /// head in fp32. An architecture that is not a reward model's is a usage error.
  RewardModel(const fs::path& folder, at::ScalarType dtype, at::Device device);

  /// The tokens of a conversation that ends with the answer to score.
  std::vector<Token> encode(const Json& messages, const ChatOptions& options) const;

  /// A conversation that cannot be scored, whatever its length, is a usage error.
  void check(std::span<const Token> ids) const { head_->positions(ids); }

  /// Scores token sequences, up to `batch_tokens` of them computed together, longest first: without
  /// padding, and without effect on the scores. One that is longer than the model's window gets no
  /// score but {"too_long", "tokens", "window"}.
  std::vector<Scored> score(std::span<const std::vector<Token>> conversations, int64_t batch_tokens,
                            const ScoredCount& done) const;

 private:
  void score_batch(std::span<const std::vector<Token>> conversations,
                   std::span<const size_t> indices, std::vector<Scored>& scores) const;

  Tokenizer tokenizer_;
  std::unique_ptr<Model> trunk_;
  Weights head_weights_;
  std::unique_ptr<RewardHead> head_;
};

/// Whether `folder` holds a reward model of conversations; names the known architectures in a usage
/// error where it holds no reward model at all. PairRM, which compares answers, is none of them.
void check_reward_model(const fs::path& folder);

}  // namespace amalgam
