// ArmoRM (arXiv 2406.12845): absolute ratings of several attributes, weighted by gates that see the
// prompt alone. D hidden size, K attributes, G width of the gating network.
#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/softmax.h>

#include <algorithm>

#include "core/error.h"
#include "models/layers.h"
#include "reward/reward_head.h"

namespace amalgam {
namespace {

// Closes the prompt; the gates read the hidden state where it begins.
constexpr std::string_view kPromptEnd =
    "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n";

// The attributes of RLHFlow/ArmoRM-Llama3-8B-v0.1, in the order of its model card.
const std::vector<std::string> kArmoAttributes = {
    "helpsteer-helpfulness",
    "helpsteer-correctness",
    "helpsteer-coherence",
    "helpsteer-complexity",
    "helpsteer-verbosity",
    "ultrafeedback-overall_score",
    "ultrafeedback-instruction_following",
    "ultrafeedback-truthfulness",
    "ultrafeedback-honesty",
    "ultrafeedback-helpfulness",
    "beavertails-is_safe",
    "prometheus-score",
    "argilla-overall_quality",
    "argilla-judge_lm",
    "code-complexity",
    "code-style",
    "code-explanation",
    "code-instruction-following",
    "code-readability",
};

/// Names of the attributes: "id2label" where it has one for each, else ArmoRM's own.
std::vector<std::string> attribute_names(const Json& config, int64_t count) {
  std::vector<std::string> names;
  const Json labels = config_value<Json>(config, "id2label", Json());
  for (int64_t i = 0; i < count; ++i) {
    const auto found = labels.is_object() ? labels.find(std::to_string(i)) : labels.end();
    if (found == labels.end() || !found->is_string()) break;
    names.push_back(found->get<std::string>());
  }
  const bool given = std::ssize(names) == count && names[0] != "LABEL_0";
  if (!given && count == std::ssize(kArmoAttributes)) return kArmoAttributes;
  if (given) return names;
  names.clear();
  for (int64_t i = 0; i < count; ++i) names.push_back(fmt::format("attribute-{}", i));
  return names;
}

int64_t size_of(const Json& config, const char* key, int64_t fallback) {
  const auto size = config_value<int64_t>(config, key, fallback);
  if (size < 1) fail_usage("config.json: \"{}\" is {}, must be at least 1", key, size);
  return size;
}

std::vector<float> values_of(const at::Tensor& row) {
  const at::Tensor values = row.flatten().cpu();
  const float* first = values.const_data_ptr<float>();
  return {first, first + values.numel()};
}

class GatedReward : public RewardHead {
 public:
  GatedReward(const Json& config, int64_t hidden, Weights& weights, const Tokenizer& tokenizer)
      : prompt_end_(tokenizer.encode(kPromptEnd, false)) {
    const int64_t count = size_of(config, "num_objectives", 19);
    const int64_t width = size_of(config, "gating_hidden_dim", 1024);
    const auto layers = config_value<int64_t>(config, "gating_n_hidden", 3);
    if (layers < 0)
      fail_usage("config.json: \"gating_n_hidden\" is {}, cannot be negative", layers);
    temperature_ = config_value<double>(config, "gating_temperature", 10);
    if (temperature_ <= 0)
      fail_usage("config.json: \"gating_temperature\" is {}, must be above 0", temperature_);
    names_ = attribute_names(config, count);
    ratings_ = weights.linear({{"regression_layer", count}}, hidden);
    transform_ = weights.tensor("reward_transform_matrix", {count, count});
    logit_scale_ = weights.tensor("gating.logit_scale", {1}, 1.0);
    int64_t in = hidden;
    for (int64_t i = 0; i <= layers; ++i) {
      const int64_t out = i < layers ? width : count;
      gating_.push_back(weights.linear({{fmt::format("gating.layers.{}", i), out}}, in, true));
      in = out;
    }
  }

  std::vector<int64_t> positions(std::span<const Token> ids) const override {
    const auto found =
        std::find_end(ids.begin(), ids.end(), prompt_end_.begin(), prompt_end_.end());
    if (found == ids.end())
      fail_usage("the conversation has no answer of the assistant (no tokens of \"{}\")",
                 "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\\n\\n");
    return {std::ssize(ids) - 1, found - ids.begin()};
  }

  Scored score(const at::Tensor& hidden) const override {
    const at::Tensor ratings = ratings_(hidden.narrow(0, 0, 1));  // (1, K)
    at::Tensor x = hidden.narrow(0, 1, 1);
    for (size_t i = 0; i < gating_.size(); ++i)
      x = i + 1 < gating_.size() ? at::relu(gating_[i](x)) : gating_[i](x);
    const at::Tensor gates = at::softmax(x / temperature_, -1) * logit_scale_;  // (1, K)
    // Section 3.2: ratings with verbosity taken out, then weighted by the gates.
    const at::Tensor adjusted = at::matmul(ratings, transform_);  // (1, K)
    return {(gates * adjusted).sum().item<double>(),
            {{"attributes", values_of(ratings)},
             {"gates", values_of(gates)},
             {"attribute_names", names_}}};
  }

 private:
  std::vector<Token> prompt_end_;
  std::vector<std::string> names_;  // (K)
  double temperature_ = 1;
  Linear ratings_;              // (K, D)
  at::Tensor transform_;        // (K, K)
  at::Tensor logit_scale_;      // (1)
  std::vector<Linear> gating_;  // (G, D), (G, G) ..., (K, G)
};

}  // namespace

std::unique_ptr<RewardHead> make_gated_reward(const Json& config, int64_t hidden, Weights& weights,
                                              const Tokenizer& tokenizer) {
  return std::make_unique<GatedReward>(config, hidden, weights, tokenizer);
}

}  // namespace amalgam
