// Sequence classifiers with one label (transformers, *ForSequenceClassification): a linear layer on
// the hidden state of the last token that is not padding. Skywork-Reward (arXiv 2410.18451) and
// most other scalar reward models. D hidden size.
#include "core/error.h"
#include "models/layers.h"
#include "reward/reward_head.h"

namespace amalgam {
namespace {

class SequenceClassifier : public RewardHead {
 public:
  SequenceClassifier(const Json& config, int64_t hidden, Weights& weights)
      : score_(weights.linear({{"score", 1}}, hidden)) {
    const Json labels = config_value<Json>(config, "id2label", Json());
    const char* key = labels.is_object() ? "id2label" : "num_labels";
    const int64_t count = labels.is_object() ? static_cast<int64_t>(labels.size())
                                             : config_value<int64_t>(config, "num_labels", 1);
    if (count != 1)
      fail_usage("config.json: \"{}\" gives {} labels; a reward model has one", key, count);
    const auto pad = config.find("pad_token_id");
    if (pad != config.end() && !pad->is_null())
      pad_ = static_cast<Token>(config_value<int64_t>(config, "pad_token_id"));
  }

  std::vector<int64_t> positions(std::span<const Token> ids) const override {
    auto last = static_cast<int64_t>(ids.size()) - 1;
    // Without any other token transformers takes the first.
    while (pad_ && last > 0 && ids[static_cast<size_t>(last)] == *pad_) --last;
    return {last};
  }

  Scored score(const at::Tensor& hidden) const override {
    return {score_(hidden).item<double>(), Json::object()};
  }

 private:
  Linear score_;  // (1, D)
  std::optional<Token> pad_;
};

}  // namespace

std::unique_ptr<RewardHead> make_sequence_classifier(const Json& config, int64_t hidden,
                                                     Weights& weights, const Tokenizer&) {
  return std::make_unique<SequenceClassifier>(config, hidden, weights);
}

}  // namespace amalgam
