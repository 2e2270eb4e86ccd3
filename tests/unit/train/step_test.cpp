// Properties of a training step on a small model in fp32: what the gradient must not depend on, and
// what it must equal.
#include "train/step.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "support.h"
#include "train/logps.h"

namespace amalgam {
namespace {

constexpr const char* kModels[] = {"llama31", "qwen2", "gemma2", "mistral_sw"};

/// The pairs' ids belong to llama31; other vocabularies are about as large.
std::vector<TrainExample> examples_for(const Pretrained& model) {
  std::vector<TrainExample> examples = fixture_examples();
  const auto vocab = static_cast<Token>(model.model->shape().vocab);
  for (TrainExample& example : examples) {
    for (Token& id : example.tokens.prompt) id %= vocab;
    for (auto& response : example.tokens.responses)
      for (Token& id : response) id %= vocab;
  }
  return examples;
}

TrainConfig test_config(const std::string& objective) {
  TrainConfig config;
  config.objective = objective;
  config.beta = 0.1;
  config.alpha = 0.4;
  config.alpha_schedule = "constant";
  config.batch_size = 1000;
  config.dtype = "fp32";
  return config;
}

std::vector<std::vector<double>> shifted_references(const Model& model,
                                                    const std::vector<TrainExample>& examples) {
  ReferenceCache cache(":memory:");
  ReferencePass pass;
  auto references = reference_logps(model, "m", examples, 4096, cache, pass);
  // Other values than the policy's own, so that examples weigh differently.
  for (size_t i = 0; i < references.size(); ++i)
    for (size_t j = 0; j < references[i].size(); ++j)
      references[i][j] += 0.5 * static_cast<double>((i + 2 * j) % 5) - 1;
  return references;
}

std::vector<at::Tensor> gradients(Model& model, const std::vector<TrainExample>& examples,
                                  const std::vector<std::vector<double>>& references,
                                  const TrainConfig& config) {
  TrainingStep step(model, model, examples, references, config);
  step.accumulate_gradients(0);
  std::vector<at::Tensor> out;
  for (const at::Tensor& gradient : step.optimizer().gradients()) out.push_back(gradient.clone());
  return out;
}

void expect_near(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b,
                 double relative) {
  ASSERT_EQ(a.size(), b.size());
  double difference = 0, norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double d = at::linalg_vector_norm(a[i].sub(b[i]).to(at::kDouble)).item<double>();
    const double n = at::linalg_vector_norm(a[i].to(at::kDouble)).item<double>();
    difference += d * d;
    norm += n * n;
  }
  EXPECT_GT(norm, 0);
  EXPECT_LE(std::sqrt(difference / norm), relative);
}

TEST(TrainingStep, AnySplitGivesTheSameGradient) {
  for (const char* name : kModels)
    for (const char* objective : {"wrpo", "dpo", "sft"}) {
      SCOPED_TRACE(std::string(name) + " " + objective);
      const Pretrained model = load_pretrained(model_fixture(name), at::kFloat);
      const auto examples = examples_for(model);
      const auto references = shifted_references(*model.model, examples);
      TrainConfig config = test_config(objective);
      const auto whole = gradients(*model.model, examples, references, config);
      for (const int64_t budget : {1, 300, 700}) {
        config.micro_batch_tokens = budget;
        expect_near(whole, gradients(*model.model, examples, references, config), 1e-6);
      }
    }
}

/// The same loss without sharing, packing or fusing: each response behind its own prompt, full
/// logits, log_softmax, gather; the loss written out.
at::Tensor plain_loss(const Model& model, const std::vector<TrainExample>& examples,
                      const std::vector<std::vector<double>>& references,
                      const TrainConfig& config) {
  std::vector<at::Tensor> losses;
  for (size_t i = 0; i < examples.size(); ++i) {
    const TokenizedExample& tokens = examples[i].tokens;
    std::vector<at::Tensor> rho;
    for (size_t j = 0; j < tokens.responses.size(); ++j) {
      std::vector<int64_t> ids(tokens.prompt.begin(), tokens.prompt.end());
      ids.insert(ids.end(), tokens.responses[j].begin(), tokens.responses[j].end());
      const auto length = std::ssize(ids);
      const auto begin = std::ssize(tokens.prompt);
      const std::vector<Segment> segments = {{0, length, 0, 0}};
      SegmentContext attention(segments);
      const at::Tensor hidden =
          model.forward(at::tensor(ids), at::arange(length, at::kLong), attention);
      const at::Tensor logps = model.logits(hidden).to(at::kDouble).log_softmax(-1);
      const at::Tensor next = at::tensor(ids).slice(0, begin).unsqueeze(1);
      rho.push_back(
          logps.slice(0, begin - 1, length - 1).gather(1, next).sum().sub(references[i][j]));
    }
    const at::Tensor winner = rho[0].mul(config.alpha).add(rho[1], 1 - config.alpha);
    losses.push_back(winner.sub(rho[2]).mul(*config.beta).neg().exp().log1p());
  }
  return at::stack(losses).mean();
}

TEST(TrainingStep, TheGradientEqualsPlainAutograd) {
  for (const char* name : kModels) {
    SCOPED_TRACE(name);
    const Pretrained model = load_pretrained(model_fixture(name), at::kFloat);
    auto examples = examples_for(model);
    examples.resize(4);
    const auto references = shifted_references(*model.model, examples);
    const TrainConfig config = test_config("wrpo");
    const auto ours = gradients(*model.model, examples, references, config);
    plain_loss(*model.model, examples, references, config).backward();
    std::vector<at::Tensor> plain;
    for (const at::Tensor& parameter : model.model->weights().parameters())
      plain.push_back(parameter.grad().defined() ? parameter.grad() : at::zeros_like(parameter));
    expect_near(plain, ours, 2e-5);
  }
}

TEST(TrainingStep, SharedPromptEqualsSeparateSequences) {
  for (const char* name : kModels) {
    SCOPED_TRACE(name);
    const Pretrained model = load_pretrained(model_fixture(name), at::kFloat);
    const auto examples = examples_for(model);
    std::vector<TrainExample> separate;
    for (const TrainExample& example : examples)
      for (const auto& response : example.tokens.responses)
        separate.push_back(
            {.tokens = {"", example.tokens.prompt, {response}}, .roles = {Role::kTarget}});
    ReferenceCache cache(":memory:");
    ReferencePass pass;
    const auto shared = reference_logps(*model.model, "m", examples, 1000, cache, pass);
    const auto alone = reference_logps(*model.model, "m", separate, 1000, cache, pass);
    size_t next = 0;
    for (const auto& values : shared)
      for (const double value : values) {
        EXPECT_NEAR(value, alone[next][0], 1e-6 * std::abs(value));
        ++next;
      }
  }
}

TEST(TrainingStep, AWrongReferenceIsNoticed) {
  const Pretrained model = load_pretrained(model_fixture("llama31"), at::kFloat);
  const auto examples = examples_for(model);
  const auto references = shifted_references(*model.model, examples);
  TrainingStep step(*model.model, *model.model, examples, references, test_config("wrpo"));
  EXPECT_THROW(step.run(0), Error);
}

TEST(ReferenceLogps, ComeFromTheCacheTheSecondTime) {
  const Pretrained model = load_pretrained(model_fixture("llama31"), at::kFloat);
  const auto examples = examples_for(model);
  ReferenceCache cache(":memory:");
  ReferencePass first, second, other;
  const auto values = reference_logps(*model.model, "m", examples, 500, cache, first);
  EXPECT_EQ(reference_logps(*model.model, "m", examples, 500, cache, second), values);
  EXPECT_GT(first.tokens, 0);
  EXPECT_EQ(second.tokens, 0);
  reference_logps(*model.model, "another model", examples, 500, cache, other);
  EXPECT_EQ(other.tokens, first.tokens);
}

}  // namespace
}  // namespace amalgam
