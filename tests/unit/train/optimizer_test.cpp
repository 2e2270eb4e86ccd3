// AdamW with clipping against the textbook update in double precision.
#include "train/optimizer.h"

#include <ATen/ops/full_like.h>
#include <ATen/ops/linspace.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support.h"

namespace amalgam {
namespace {

struct Reference {
  double weight, first = 0, second = 0;

  /// Loshchilov and Hutter, arXiv 1711.05101, algorithm 2.
  void update(double gradient, int64_t t, const TrainConfig& config, double lr, double decay) {
    first = config.adam_beta1 * first + (1 - config.adam_beta1) * gradient;
    second = config.adam_beta2 * second + (1 - config.adam_beta2) * gradient * gradient;
    const auto steps = static_cast<double>(t);
    const double m = first / (1 - std::pow(config.adam_beta1, steps));
    const double v = second / (1 - std::pow(config.adam_beta2, steps));
    weight -= lr * decay * weight;
    weight -= lr * m / (std::sqrt(v) + config.adam_epsilon);
  }
};

TEST(Optimizer, EqualsTheTextbook) {
  const Pretrained model = load_pretrained(model_fixture("llama31"), at::kFloat);
  TrainConfig config;
  config.weight_decay = 0.1;
  config.max_grad_norm = 1;
  Optimizer optimizer(*model.model, *model.model, config);
  const auto& parameters = model.model->weights().parameters();
  std::vector<Reference> references;
  std::vector<uint32_t> versions;
  for (const at::Tensor& p : parameters) {
    references.push_back({p.detach().flatten()[3].item<double>()});
    versions.push_back(p._version());
  }
  for (int64_t t = 1; t <= 3; ++t) {
    double squares = 0;
    // Two micro-batches: their gradients add up.
    for (int half = 0; half < 2; ++half) {
      for (size_t i = 0; i < parameters.size(); ++i) {
        const double value = 0.001 * static_cast<double>(i + 1) * static_cast<double>(t);
        at::Tensor(parameters[i]).mutable_grad() = at::full_like(parameters[i].detach(), value);
        if (half == 1) squares += 4 * value * value * static_cast<double>(parameters[i].numel());
      }
      optimizer.accumulate();
    }
    const double norm = std::sqrt(squares);
    EXPECT_NEAR(optimizer.step(0.01).item<double>(), norm, 1e-5 * norm);
    for (size_t i = 0; i < parameters.size(); ++i) {
      const double gradient = 0.002 * static_cast<double>(i + 1) * static_cast<double>(t);
      references[i].update(gradient * std::min(1.0, 1 / (norm + 1e-6)), t, config, 0.01,
                           parameters[i].dim() > 1 ? 0.1 : 0);
      EXPECT_NEAR(parameters[i].detach().flatten()[3].item<double>(), references[i].weight, 1e-6);
    }
  }
  // Products that remember their weight must see that it changed.
  for (size_t i = 0; i < parameters.size(); ++i) EXPECT_GT(parameters[i]._version(), versions[i]);
}

TEST(Optimizer, MastersKeepWhatTheComputeTypeRoundsAway) {
  const Pretrained policy = load_pretrained(model_fixture("llama31"), at::kBFloat16);
  const Pretrained masters = load_pretrained(model_fixture("llama31"), at::kFloat);
  TrainConfig config;
  Optimizer optimizer(*policy.model, *masters.model, config);
  const at::Tensor before = masters.model->weights().parameters()[0].clone();
  for (const at::Tensor& p : policy.model->weights().parameters())
    at::Tensor(p).mutable_grad() = at::full_like(p.detach(), 1.0);
  optimizer.accumulate();
  optimizer.step(1e-6);
  const at::Tensor after = masters.model->weights().parameters()[0];
  // Adam's first step moves every weight by lr.
  EXPECT_NEAR(before.sub(after).to(at::kDouble).mean().item<double>(), 1e-6, 1e-8);
  EXPECT_TRUE(policy.model->weights().parameters()[0].equal(after.to(at::kBFloat16)));
}

}  // namespace
}  // namespace amalgam
