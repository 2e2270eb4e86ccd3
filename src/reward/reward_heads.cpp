#include <algorithm>

#include "reward/reward_head.h"

namespace amalgam {

// Each head's file defines its constructor.
std::unique_ptr<RewardHead> make_sequence_classifier(const Json&, int64_t, Weights&,
                                                     const Tokenizer&);
std::unique_ptr<RewardHead> make_gated_reward(const Json&, int64_t, Weights&, const Tokenizer&);

const std::vector<RewardFamily>& reward_families() {
  static const std::vector<RewardFamily> list = {
      {"LlamaForSequenceClassification", "LlamaForCausalLM", make_sequence_classifier},
      {"Qwen2ForSequenceClassification", "Qwen2ForCausalLM", make_sequence_classifier},
      {"Gemma2ForSequenceClassification", "Gemma2ForCausalLM", make_sequence_classifier},
      {"LlamaForRewardModelWithGating", "LlamaForCausalLM", make_gated_reward},
  };
  return list;
}

const RewardFamily* find_reward_family(std::string_view architecture) {
  const auto& list = reward_families();
  const auto found = std::find_if(list.begin(), list.end(), [&](const RewardFamily& family) {
    return family.architecture == architecture;
  });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace amalgam
