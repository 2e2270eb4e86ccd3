// Reward heads and DeBERTa's configuration, against values worked out by hand.
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "../support.h"
#include "models/deberta.h"
#include "models/pretrained.h"
#include "reward/reward_model.h"

namespace amalgam {
namespace {

fs::path fixture(const std::string& name) { return fs::path(AMALGAM_FIXTURES) / "models" / name; }

void fill(Weights& weights, const std::string& name, const std::vector<double>& values) {
  for (const NamedWeight& weight : weights.named())
    if (weight.name == name) {
      weight.view.copy_(at::tensor(values, at::kDouble).view(weight.view.sizes()));
      return;
    }
  FAIL() << name;
}

TEST(SequenceClassifier, ReadsTheLastTokenThatIsNoPadding) {
  const Tokenizer tokenizer = Tokenizer::load(fixture("llama_seqcls"));
  const auto* family = find_reward_family("LlamaForSequenceClassification");
  Weights weights(at::kFloat, at::kCPU);
  const auto padded = family->make({{"pad_token_id", 9}}, 2, weights, tokenizer);
  EXPECT_EQ(padded->positions(std::vector<Token>{1, 2, 9, 9}), std::vector<int64_t>{1});
  EXPECT_EQ(padded->positions(std::vector<Token>{1, 9, 3}), std::vector<int64_t>{2});
  EXPECT_EQ(padded->positions(std::vector<Token>{9, 9}), std::vector<int64_t>{0});
  Weights others(at::kFloat, at::kCPU);
  const auto bare = family->make({{"pad_token_id", nullptr}}, 2, others, tokenizer);
  EXPECT_EQ(bare->positions(std::vector<Token>{1, 2, 9}), std::vector<int64_t>{2});
  fill(weights, "score.weight", {2, -3});
  const Scored scored = padded->score(at::tensor({0.5, 1.0}, at::kFloat).view({1, 2}));
  EXPECT_FLOAT_EQ(static_cast<float>(scored.value.value()), -2);
}

TEST(SequenceClassifier, WantsOneLabel) {
  const Tokenizer tokenizer = Tokenizer::load(fixture("llama_seqcls"));
  Weights weights(at::kFloat, at::kCPU);
  const Json config = {{"id2label", {{"0", "bad"}, {"1", "good"}}}};
  const auto make = reward_families()[0].make;
  EXPECT_NE(failure([&] { make(config, 2, weights, tokenizer); }).find("\"id2label\" gives 2"),
            std::string::npos);
}

TEST(GatedReward, WeighsRatingsByGatesOfThePrompt) {
  const Tokenizer tokenizer = Tokenizer::load(fixture("armorm"));
  const auto* family = find_reward_family("LlamaForRewardModelWithGating");
  Weights weights(at::kFloat, at::kCPU);
  const Json config = {{"num_objectives", 2},
                       {"gating_hidden_dim", 1},
                       {"gating_n_hidden", 1},
                       {"gating_temperature", 2},
                       {"id2label", {{"0", "kind"}, {"1", "true"}}}};
  const auto head = family->make(config, 2, weights, tokenizer);
  fill(weights, "regression_layer.weight", {1, 0, 0, 1});
  fill(weights, "reward_transform_matrix", {1, -0.5, 0, 1});
  fill(weights, "gating.logit_scale", {3});
  fill(weights, "gating.layers.0.weight", {1, 1});
  fill(weights, "gating.layers.0.bias", {-1});
  fill(weights, "gating.layers.1.weight", {2, 0});
  fill(weights, "gating.layers.1.bias", {0, 0});
  // Last token (4, 6): ratings (4, 6), transformed (4, 6 - 0.5 * 4). Prompt (2, 1): relu(2) = 2,
  // logits (4, 0) over the temperature 2, so gates 3 * (e^2, 1) / (e^2 + 1).
  const Scored scored = head->score(at::tensor({4.0, 6.0, 2.0, 1.0}, at::kFloat).view({2, 2}));
  EXPECT_NEAR(scored.value.value(), 12, 1e-5);  // 4 * the sum of the gates
  const double gate = 3 * std::exp(2.0) / (std::exp(2.0) + 1);
  EXPECT_NEAR(scored.details["gates"][0].get<double>(), gate, 1e-6);
  EXPECT_NEAR(scored.details["gates"][1].get<double>(), 3 - gate, 1e-6);
  EXPECT_EQ(scored.details["attributes"], (Json{4.0, 6.0}));
  EXPECT_EQ(scored.details["attribute_names"], (Json{"kind", "true"}));
}

TEST(GatedReward, ReadsWhereTheLastPromptCloses) {
  const Tokenizer tokenizer = Tokenizer::load(fixture("armorm"));
  Weights weights(at::kFloat, at::kCPU);
  const auto head =
      find_reward_family("LlamaForRewardModelWithGating")
          ->make({{"num_objectives", 2}, {"gating_hidden_dim", 1}}, 2, weights, tokenizer);
  const Json messages = {{{"role", "user"}, {"content", "a"}},
                         {{"role", "assistant"}, {"content", "b"}},
                         {{"role", "user"}, {"content", "c"}},
                         {{"role", "assistant"}, {"content", "d"}}};
  const auto ids = tokenizer.encode_chat(messages, {});
  const auto positions = head->positions(ids);
  ASSERT_EQ(positions.size(), 2u);
  EXPECT_EQ(positions[0], std::ssize(ids) - 1);
  const std::vector<Token> rest(ids.begin() + positions[1], ids.end());
  EXPECT_EQ(tokenizer.decode(rest, false),
            "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nd<|eot_id|>");
  EXPECT_NE(failure([&] {
              head->positions(std::vector<Token>{1, 2});
            }).find("assistant"),
            std::string::npos);
}

TEST(RewardModel, MarksWhatIsLongerThanTheWindow) {
  const RewardModel model(fixture("llama_seqcls"), at::kFloat, at::kCPU);
  const std::vector<Conversation> conversations = {
      {std::vector<Token>(4097, 7), 9}, {{1, 2, 3}, 2}, {std::vector<Token>(4096, 7), 0}};
  int64_t heard = 0;
  const auto scores = model.score(conversations, 8192, [&](int64_t count) { heard += count; });
  EXPECT_EQ(heard, 3);
  EXPECT_FALSE(scores[0].value);
  EXPECT_EQ(to_line(scores[0].details), R"({"too_long":true,"tokens":4097,"window":4096})");
  EXPECT_TRUE(scores[1].value && scores[2].value);
}

TEST(RewardModel, APromptIsCutFromTheAnswerAlone) {
  const RewardModel model(fixture("armorm"), at::kFloat, at::kCPU);
  const auto chat = [](const char* role, const char* text) {
    return Json{{"role", role}, {"content", text}};
  };
  const Json question = chat("user", "What is 1 + 1?");
  const auto encode = [&](const char* answer) {
    return model.encode({question, chat("assistant", answer)}, {});
  };
  const Conversation two = encode("2"), three = encode("3");
  EXPECT_GT(two.prompt, 0);
  EXPECT_LT(two.prompt, std::ssize(two.ids));
  EXPECT_TRUE(std::ranges::equal(two.prompt_ids(), three.prompt_ids()));
  EXPECT_EQ(model.encode(Json::array({question}), {}).prompt, 0);

  // Neighbours with a prompt in common, one without any, one that ends where its prompt does.
  std::vector<Conversation> conversations = {two, encode("It is 2."), three, two, two};
  conversations[2].prompt = 0;
  conversations[3].prompt = std::ssize(two.ids) - 1;
  const ScoredCount unheard = [](int64_t) {};
  std::vector<double> alone;
  for (const Conversation& one : conversations)
    alone.push_back(model.score(std::span(&one, 1), 1, unheard)[0].value.value());
  for (const int64_t batch_tokens : {1, 100, 4096}) {
    const auto together = model.score(conversations, batch_tokens, unheard);
    for (size_t i = 0; i < alone.size(); ++i)
      EXPECT_EQ(together[i].value.value(), alone[i]) << i << " of " << batch_tokens;
  }
  EXPECT_NEAR(alone[0], alone[3], 1e-5);
  EXPECT_NE(alone[0], alone[1]);
}

TEST(RewardModel, NamesWhatItKnows) {
  const std::string said = failure([] { check_reward_model(fixture("llama31")); });
  EXPECT_NE(said.find("LlamaForCausalLM is not a reward model's"), std::string::npos) << said;
  EXPECT_NE(said.find("LlamaForRewardModelWithGating"), std::string::npos) << said;
  EXPECT_NE(failure([] { check_reward_model(fixture("pairrm")); }).find("against each other"),
            std::string::npos);
}

TEST(Deberta, NamesTheKeyItDoesNotSupport) {
  const Json good = read_model_config(fixture("pairrm") / "config.json");
  const auto build = [&](const char* key, const Json& value) {
    Json config = good;
    config[key] = value;
    Weights weights(at::kFloat, at::kCPU);
    DebertaEncoder(config, "m", weights);
  };
  const std::pair<const char*, Json> cases[] = {
      {"position_biased_input", true}, {"hidden_act", "mish"},   {"norm_rel_ebd", "rms_norm"},
      {"pos_att_type", {"p2p"}},       {"conv_kernel_size", 4},  {"num_attention_heads", 5},
      {"position_buckets", 1024},      {"intermediate_size", 0}, {"layer_norm_eps", "small"},
  };
  for (const auto& [key, value] : cases) {
    const std::string said = failure([&] { build(key, value); });
    EXPECT_NE(said.find(std::string("\"") + key + '"'), std::string::npos) << key << ": " << said;
  }
  EXPECT_NO_THROW(build("pos_att_type", "c2p|p2c"));
}

}  // namespace
}  // namespace amalgam
