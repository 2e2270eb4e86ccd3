#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "kernels_support.h"
#include "tensor/kernels/product.h"

namespace amalgam {
namespace {

struct Shape {
  int64_t rows, in, out;
};

// Tails in every dimension, sums longer than one call takes, few and many rows.
const std::vector<Shape> kShapes{{1, 16, 16},   {3, 64, 1},     {65, 66, 130}, {200, 512, 96},
                                 {7, 2050, 64}, {1300, 34, 72}, {128, 64, 33}};

class LinearTest : public ::testing::TestWithParam<at::ScalarType> {};

TEST_P(LinearTest, TimesWeightIsAProductWithTheWeightItself) {
  for (const Shape& shape : kShapes) {
    const Tensors inputs = leaves({{shape.rows, shape.out}, {shape.out, shape.in}}, GetParam());
    const at::Tensor x = inputs[0].detach(), weight = inputs[1].detach();
    const at::Tensor ours = Linear(weight).times_weight(x);
    expect_close({ours}, {x.to(at::kDouble).matmul(weight.to(at::kDouble))}, GetParam());
    EXPECT_TRUE(Linear(weight).times_weight(x.narrow(0, 0, 1)).equal(ours.narrow(0, 0, 1)) ||
                shape.out % 2 != 0);  // an odd number of rows is left to ATen
  }
}

TEST_P(LinearTest, ValuesAndGradientsAreThePlainOnes) {
  const at::ScalarType type = GetParam();
  ASSERT_TRUE(kernels::products_available(type));
  for (const Shape& shape : kShapes) {
    for (const bool with_bias : {false, true}) {
      const Tensors inputs =
          leaves({{shape.rows, shape.in}, {shape.out, shape.in}, {shape.out}}, type);
      const auto ours =
          run([&](const Tensors& t) { return Linear(t[1], with_bias ? t[2] : at::Tensor())(t[0]); },
              inputs, with_bias ? 3 : 2);
      const auto exact = run(
          [&](const Tensors& t) {
            return plain::linear(t[0], t[1], with_bias ? t[2] : at::Tensor());
          },
          in_double(inputs), with_bias ? 3 : 2);
      expect_close(ours, exact, type);
    }
  }
}

TEST_P(LinearTest, GatedIsTheActivationOfTheProduct) {
  // Widths of whole tiles take one pass, others two; one row, part of a block, several.
  for (const int64_t rows : {1, 65, 200})
    for (const int64_t width : {64, 192, 40})
      for (const bool with_bias : {false, true})
        for (const auto kind : {Activation::kSilu, Activation::kGeluTanh}) {
          const Tensors inputs = leaves({{rows, 48}, {2 * width, 48}, {2 * width}}, GetParam());
          const auto linear = [&](const Tensors& t) {
            return Linear(t[1], with_bias ? t[2] : at::Tensor());
          };
          const size_t count = with_bias ? 3 : 2;
          const auto fused =
              run([&](const Tensors& t) { return linear(t).gated(t[0], kind); }, inputs, count);
          const auto apart =
              run([&](const Tensors& t) { return gated_activation(linear(t)(t[0]), kind); }, inputs,
                  count);
          for (size_t i = 0; i < fused.size(); ++i) EXPECT_TRUE(fused[i].equal(apart[i])) << i;
          const c10::InferenceMode guard;
          EXPECT_TRUE(linear(inputs).gated(inputs[0], kind).equal(fused[0]));
        }
}

TEST_P(LinearTest, RowsDoNotDependOnOtherRows) {
  for (const Shape& shape : {Shape{300, 512, 200}, Shape{77, 1536, 64}}) {
    const Tensors t = leaves({{shape.rows, shape.in}, {shape.out, shape.in}}, GetParam());
    const Linear linear(t[1]);
    const at::Tensor all = linear(t[0]);
    for (const int64_t count : {1, 2, 5, 8, 9, 17, 40, 64}) {
      for (const int64_t first : {int64_t{0}, int64_t{12}})
        EXPECT_TRUE(linear(t[0].narrow(0, first, count)).equal(all.narrow(0, first, count)))
            << count;
    }
  }
}

TEST_P(LinearTest, SameBitsOnOneThreadAndOnTwo) {
  const Tensors t = leaves({{333, 128}, {200, 128}}, GetParam());
  const auto once = [&](int threads) {
    at::set_num_threads(threads);
    return run([](const Tensors& x) { return Linear(x[1])(x[0]); }, t, 2);
  };
  const Tensors one = once(1), two = once(2);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(one[i].equal(two[i]));
}

TEST_P(LinearTest, AChangedWeightIsPackedAgain) {
  const Tensors t = leaves({{5, 32}, {48, 32}}, GetParam());
  at::Tensor weight = t[1].detach();
  const Linear linear(weight);
  linear(t[0]);
  weight.mul_(2);
  EXPECT_TRUE(linear(t[0]).equal(Linear(weight.clone())(t[0])));
  weight.narrow(0, 3, 2).zero_();  // through a view, as loading does
  EXPECT_EQ(linear(t[0]).narrow(1, 3, 2).abs().max().item<double>(), 0);
}

TEST_P(LinearTest, PackedWithoutGradientsServesTraining) {
  const Tensors t = leaves({{5, 32}, {48, 32}}, GetParam());
  const at::Tensor targets = at::zeros({5}, at::kLong);
  const Linear linear(t[1]);
  {
    const c10::InferenceMode guard;
    linear(t[0]);
    token_logprobs(t[0], linear, targets);
  }
  EXPECT_EQ(torch::autograd::grad(
                {linear(t[0]).sum() + token_logprobs(t[0], linear, targets).sum()}, {t[0]})[0]
                .sizes(),
            t[0].sizes());
}

INSTANTIATE_TEST_SUITE_P(Types, LinearTest, ::testing::Values(at::kFloat, at::kBFloat16));

}  // namespace
}  // namespace amalgam
