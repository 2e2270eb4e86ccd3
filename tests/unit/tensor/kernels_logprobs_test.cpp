#include <ATen/Parallel.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "kernels_support.h"

namespace amalgam {
namespace {

class LogprobsTest : public ::testing::TestWithParam<at::ScalarType> {};

struct LogprobsCase {
  int64_t rows, size, vocabulary;
  double softcap;
};

// The last: a vocabulary whose probabilities are computed again in the backward, in several parts.
const std::vector<LogprobsCase> kLogprobsCases{
    {1, 16, 40, 0},    {70, 64, 1000, 0},  {70, 64, 1000, 3},  {130, 32, 2049, 0},
    {65, 34, 1025, 2}, {900, 8, 40001, 0}, {700, 16, 50000, 4}};

TEST_P(LogprobsTest, ValuesAndGradientsAreThePlainOnes) {
  for (const LogprobsCase& c : kLogprobsCases) {
    SCOPED_TRACE(c.vocabulary);
    const Tensors inputs = leaves({{c.rows, c.size}, {c.vocabulary, c.size}}, GetParam());
    const at::Tensor targets = at::randint(c.vocabulary, {c.rows}, at::kLong);
    const auto scaled = [](const Tensors& t) { return Tensors{t[0] * 0.5, t[1]}; };
    const Tensors ours = run(
        [&](const Tensors& t) {
          return token_logprobs(scaled(t)[0], Linear(scaled(t)[1]), targets, c.softcap);
        },
        inputs, 2);
    const Tensors exact = run(
        [&](const Tensors& t) {
          return plain::token_logprobs(scaled(t)[0], scaled(t)[1], {}, targets, c.softcap);
        },
        in_double(inputs), 2);
    EXPECT_EQ(ours[0].scalar_type(), at::kFloat);
    expect_close({ours[0]}, {exact[0]}, at::kFloat, 4);  // products and sums are fp32 throughout
    expect_close(ours, exact, GetParam(), 2);
  }
}

TEST_P(LogprobsTest, AConfidentTokenKeepsItsGradient) {
  // p = 1 - 1e-4: in bf16 p itself would round to 1.
  at::Tensor hidden = at::ones({1, 2}, at::kFloat).to(GetParam()).requires_grad_(true);
  at::Tensor weight = at::zeros({2, 2}, at::kFloat);
  weight[0].fill_(4.59375);
  const at::Tensor w = weight.to(GetParam());
  const at::Tensor targets = at::zeros({1}, at::kLong);
  const Tensors gradient =
      torch::autograd::grad({token_logprobs(hidden, Linear(w), targets)}, {hidden});
  const double p = 1 / (1 + std::exp(-9.1875));
  EXPECT_NEAR(gradient[0][0][0].item<double>(), (1 - p) * 4.59375, 0.01 * (1 - p) * 4.59375);
}

TEST_P(LogprobsTest, SameBitsWithoutGradientsOnAnyThreadsAndInAnyBatch) {
  const Tensors t = leaves({{200, 64}, {1500, 64}}, GetParam());
  const at::Tensor targets = at::randint(1500, {200}, at::kLong);
  const Linear head(t[1]);
  at::set_num_threads(1);
  const at::Tensor one = token_logprobs(t[0], head, targets, 0);
  const Tensors gradient_one = torch::autograd::grad({one.sum()}, {t[0], t[1]});
  at::set_num_threads(2);
  const at::Tensor two = token_logprobs(t[0], head, targets, 0);
  const Tensors gradient_two = torch::autograd::grad({two.sum()}, {t[0], t[1]});
  EXPECT_TRUE(one.equal(two));
  for (size_t i = 0; i < 2; ++i) EXPECT_TRUE(gradient_one[i].equal(gradient_two[i]));
  const c10::InferenceMode guard;
  EXPECT_TRUE(token_logprobs(t[0], head, targets, 0).equal(one));
  EXPECT_TRUE(token_logprobs(t[0].narrow(0, 70, 3), head, targets.narrow(0, 70, 3), 0)
                  .equal(one.narrow(0, 70, 3)));
}

INSTANTIATE_TEST_SUITE_P(Types, LogprobsTest, ::testing::Values(at::kFloat, at::kBFloat16));

}  // namespace
}  // namespace amalgam
