// Reward models: a Hugging Face folder that scores conversations.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "reward/reward_head.h"

namespace amalgam {

/// A conversation that ends with the answer to score.
struct Conversation {
  std::vector<Token> ids;
  /// Tokens at the beginning that are the same for every answer, fewer than all: computed once for
  /// neighbouring conversations that have them in common.
  int64_t prompt = 0;

  std::span<const Token> prompt_ids() const {
    return std::span(ids).first(static_cast<size_t>(prompt));
  }
};

class RewardModel {
 public:
  /// Reads config.json, tokenizer and weights of `folder`; the decoder computes in `dtype`, the
  /// head in fp32. An architecture that is not a reward model's is a usage error.
  RewardModel(const fs::path& folder, at::ScalarType dtype, at::Device device);

  /// The conversation as the model reads it; the last message is the answer.
  Conversation encode(const Json& messages, const ChatOptions& options) const;

  /// A conversation that cannot be scored, whatever its length, is a usage error.
  void check(std::span<const Token> ids) const { head_->positions(ids); }

  /// Scores conversations, up to `batch_tokens` tokens of them computed together: without padding,
  /// a prompt once for all its answers, and without effect on the scores. One that is longer than
  /// the model's window gets no score but {"too_long", "tokens", "window"}.
  std::vector<Scored> score(std::span<const Conversation> conversations, int64_t batch_tokens,
                            const ScoredCount& done) const;

 private:
  /// The prompt of the conversation `ids`: what they have in common with its messages before the
  /// answer. Only this decides where attention is cut, so it must not depend on other
  /// conversations.
  int64_t prompt_of(std::span<const Token> ids, const Json& messages,
                    const ChatOptions& options) const;
  void score_batch(std::span<const Conversation> conversations, std::span<const size_t> indices,
                   std::vector<Scored>& scores) const;

  Tokenizer tokenizer_;
  std::unique_ptr<Model> trunk_;
  Weights head_weights_;
  std::unique_ptr<RewardHead> head_;
};

/// Whether `folder` holds a reward model of conversations; names the known architectures in a usage
/// error where it holds no reward model at all. PairRM, which compares answers, is none of them.
void check_reward_model(const fs::path& folder);

}  // namespace amalgam
