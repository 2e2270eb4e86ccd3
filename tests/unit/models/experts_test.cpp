#include "models/experts.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

namespace amalgam {
namespace {

std::vector<double> row(const at::Tensor& x, int64_t i) {
  const at::Tensor wide = x[i].to(at::kDouble).contiguous();
  return {wide.const_data_ptr<double>(), wide.const_data_ptr<double>() + wide.numel()};
}

void expect_row(const at::Tensor& x, const std::vector<double>& want) {
  const std::vector<double> got = row(x, 0);
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-12) << i;
}

// Logits whose softmax is known: logarithms of numbers that add up to one.
at::Tensor logits_of(const std::vector<double>& probabilities) {
  return at::tensor(probabilities, at::kDouble).log().unsqueeze(0);
}

TEST(Route, TheBestOfAll) {
  const Routing routed = route(logits_of({0.1, 0.3, 0.05, 0.4, 0.15}), {.top_k = 2});
  expect_row(routed.experts, {3, 1});
  expect_row(routed.weights, {0.4, 0.3});
}

TEST(Route, NormalisedWeightsAddUpToOne) {
  expect_row(
      route(logits_of({0.1, 0.3, 0.05, 0.4, 0.15}), {.top_k = 3, .normalised = true}).weights,
      {0.4 / 0.85, 0.3 / 0.85, 0.15 / 0.85});
}

TEST(Route, WeightsAreScaled) {
  expect_row(route(logits_of({0.1, 0.3, 0.05, 0.4, 0.15}), {.top_k = 2, .scale = 2.5}).weights,
             {1.0, 0.75});
}

// Groups (0 1), (2 3), (4 5): the second and the first hold the best experts, so 4 does not count
// though it is better than 0.
TEST(Route, OnlyTheBestGroupsCount) {
  const Routing routed = route(logits_of({0.1, 0.24, 0.35, 0.03, 0.2, 0.08}),
                               {.top_k = 3, .groups = 3, .top_groups = 2});
  expect_row(routed.experts, {2, 1, 0});
  expect_row(routed.weights, {0.35, 0.24, 0.1});
}

struct World {
  explicit World(at::ScalarType dtype) : weights(dtype, at::kCPU) {
    DecoderConfig config;
    config.shape.hidden = 32;
    ExpertOptions options;
    options.count = 6;
    options.size = 48;
    options.routing = {.top_k = 2, .normalised = true};
    mlp = make_sparse_mlp(weights, "mlp", config, options);
    mlp.shared = make_gated_mlp(weights, "mlp.shared", config, 40);
    mlp.shared_gate = weights.linear({{"mlp.shared_gate", 1}}, 32);
    for (at::Tensor parameter : weights.parameters())
      parameter.copy_(at::randn(parameter.sizes()) * 0.3);
  }
  Weights weights;
  SparseMlp mlp;
};

// Every expert over every token, weighted by what the router gave it, 0 for most.
TEST(SparseMlp, IsTheMixtureOfItsExperts) {
  const World world(at::kDouble);
  const at::Tensor x = at::randn({37, 32}, at::kDouble);
  const Routing routed = route(world.mlp.gate(x), world.mlp.routing);
  at::Tensor want = world.mlp.shared(x) * world.mlp.shared_gate(x).sigmoid();
  for (size_t e = 0; e < world.mlp.experts.size(); ++e) {
    const at::Tensor weight = (routed.weights * (routed.experts == static_cast<int64_t>(e))).sum(1);
    want = want + world.mlp.experts[e](x) * weight.unsqueeze(1);
  }
  EXPECT_LT((world.mlp(x) - want).abs().max().item<double>(), 1e-12);
}

TEST(SparseMlp, ARowDoesNotDependOnTheOthers) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const World world(dtype);
    const at::Tensor x = at::randn({150, 32}).to(dtype);
    const at::Tensor all = world.mlp(x);
    for (const int64_t i : {0, 77, 149})
      EXPECT_TRUE(world.mlp(x.narrow(0, i, 1)).equal(all.narrow(0, i, 1))) << dtype << " " << i;
    EXPECT_TRUE(world.mlp(x.slice(0, 20, 97)).equal(all.slice(0, 20, 97))) << dtype;
    EXPECT_TRUE(world.mlp(x).equal(all)) << dtype;
  }
}

TEST(SparseMlp, GradientsAreThoseOfTheDenseMixture) {
  for (const at::ScalarType dtype : {at::kDouble, at::kFloat}) {
    const World world(dtype);
    for (at::Tensor parameter : world.weights.parameters()) parameter.requires_grad_(true);
    const at::Tensor x = at::randn({90, 32}).to(dtype).requires_grad_(true);
    std::vector<at::Tensor> inputs = world.weights.parameters();
    inputs.push_back(x);
    const at::Tensor upstream = at::randn({90, 32}).to(dtype);
    const auto ours = torch::autograd::grad({world.mlp(x)}, inputs, {upstream});
    const Routing routed = route(world.mlp.gate(x), world.mlp.routing);
    at::Tensor dense = world.mlp.shared(x) * world.mlp.shared_gate(x).sigmoid();
    for (size_t e = 0; e < world.mlp.experts.size(); ++e) {
      const at::Tensor weight =
          (routed.weights * (routed.experts == static_cast<int64_t>(e))).sum(1);
      dense = dense + world.mlp.experts[e](x) * weight.unsqueeze(1);
    }
    const auto want = torch::autograd::grad({dense}, inputs, {upstream});
    for (size_t i = 0; i < inputs.size(); ++i) {
      const double scale = want[i].abs().max().item<double>();
      EXPECT_LE((ours[i] - want[i]).abs().max().item<double>(),
                scale * (dtype == at::kDouble ? 1e-12 : 1e-5))
          << i;
    }
  }
}

}  // namespace
}  // namespace amalgam
