#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <gtest/gtest.h>

#include "kernels_support.h"

namespace amalgam {
namespace {

class RowsTest : public ::testing::TestWithParam<at::ScalarType> {};

constexpr int64_t kSizes[] = {3, 64, 130};

TEST_P(RowsTest, RmsNorm) {
  for (const int64_t columns : kSizes) {
    for (const double offset : {0.0, 1.0}) {
      const Tensors inputs = leaves({{150, columns}, {columns}}, GetParam());
      expect_close(
          run([&](const Tensors& t) { return rms_norm(t[0], t[1], 1e-5, offset); }, inputs, 2),
          run([&](const Tensors& t) { return plain::rms_norm(t[0], t[1], 1e-5, offset); },
              in_double(inputs), 2),
          GetParam());
    }
  }
}

TEST_P(RowsTest, AddRmsNorm) {
  const Tensors inputs = leaves({{150, 72}, {150, 72}, {72}}, GetParam());
  const auto both = [](const AddedNorm& added) { return at::cat({added.sum, added.normed}, 1); };
  const Tensors ours =
      run([&](const Tensors& t) { return both(add_rms_norm(t[0], t[1], t[2], 1e-5)); }, inputs, 3);
  const Tensors exact =
      run([&](const Tensors& t) { return both(add_rms_norm(t[0], t[1], t[2], 1e-5)); },
          in_double(inputs), 3);
  expect_close(ours, exact, GetParam());
  EXPECT_TRUE(ours[0].narrow(1, 0, 72).equal(inputs[0] + inputs[1]));
  const AddedNorm added = add_rms_norm(inputs[0], inputs[1], inputs[2], 1e-5);
  EXPECT_TRUE(added.normed.equal(rms_norm(added.sum.detach(), inputs[2], 1e-5)));
  // One output alone.
  const auto through = torch::autograd::grad({added.sum.sum()}, {inputs[1]});
  EXPECT_TRUE(through[0].eq(1).all().item<bool>());
}

TEST_P(RowsTest, SplitRotary) {
  for (const int64_t d : {6, 64}) {
    const at::Tensor angle = at::randn({100, d / 2}, at::kFloat);
    const Tensors inputs = leaves({{100, 8 * d}}, GetParam());
    const auto f = [&](auto op, const Tensors& t) {
      const Heads heads = op(t[0], angle.cos(), angle.sin(), 4, 2);
      return at::cat({heads.q, heads.k, heads.v}, 1);
    };
    expect_close(
        run([&](const Tensors& t) { return f(split_rotary, t); }, inputs, 1),
        run([&](const Tensors& t) { return f(plain::split_rotary, t); }, in_double(inputs), 1),
        GetParam());
  }
}

TEST_P(RowsTest, GatedActivation) {
  for (const auto kind : {Activation::kSilu, Activation::kGeluTanh, Activation::kGelu}) {
    for (const int64_t columns : kSizes) {
      const Tensors inputs = leaves({{90, 2 * columns}}, GetParam());
      expect_close(
          run([&](const Tensors& t) { return gated_activation(t[0] * 3, kind); }, inputs, 1),
          run([&](const Tensors& t) { return plain::gated_activation(t[0] * 3, kind); },
              in_double(inputs), 1),
          GetParam(), 1.5);
    }
  }
}

TEST_P(RowsTest, SameBitsOnOneThreadAndOnTwo) {
  const Tensors inputs = leaves({{1000, 96}, {96}}, GetParam());
  const auto once = [&](int threads) {
    at::set_num_threads(threads);
    return run(
        [](const Tensors& t) {
          return gated_activation(rms_norm(t[0], t[1], 1e-5), Activation::kSilu);
        },
        inputs, 2);
  };
  const Tensors one = once(1), two = once(2);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(one[i].equal(two[i]));
}

INSTANTIATE_TEST_SUITE_P(Types, RowsTest, ::testing::Values(at::kFloat, at::kBFloat16));

}  // namespace
}  // namespace amalgam
