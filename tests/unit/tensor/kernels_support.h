// What the kernel tests share: run an operation forward and backward, compare with fp64.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <vector>

#include "tensor/ops.h"
#include "tensor/ops_plain.h"

namespace amalgam {

using Tensors = std::vector<at::Tensor>;

/// Normal random leaves that want gradients.
inline Tensors leaves(const std::vector<std::vector<int64_t>>& shapes, at::ScalarType type) {
  Tensors tensors;
  for (const auto& shape : shapes)
    tensors.push_back(at::randn(shape, at::kFloat).to(type).requires_grad_(true));
  return tensors;
}

inline Tensors in_double(const Tensors& tensors) {
  Tensors wide;
  for (const at::Tensor& x : tensors)
    wide.push_back(x.detach().to(at::kDouble).requires_grad_(true));
  return wide;
}

/// The output, then the gradients of the first `count` inputs for an upstream gradient that is the
/// same in every call of a test for outputs of the same shape (up to the type's rounding).
inline Tensors run(const std::function<at::Tensor(const Tensors&)>& f, const Tensors& inputs,
                   size_t count) {
  const at::Tensor output = f(inputs);
  at::Tensor upstream =
      at::arange(output.numel(), at::kDouble).mul_(0.7).sin_().view(output.sizes());
  upstream = upstream.to(at::kBFloat16).to(output.scalar_type());
  const Tensors wanted(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(count));
  Tensors result = torch::autograd::grad({output}, wanted, {upstream});
  result.insert(result.begin(), output.detach());
  return result;
}

/// Largest error relative to the largest value: two roundings in bf16, sums of some thousand terms
/// in fp32 (of 100 seeds the worst came to 0.9 of it in bf16, to 0.4 in fp32).
inline void expect_close(const Tensors& ours, const Tensors& exact, at::ScalarType type,
                         double factor = 1) {
  const double limit = factor * (type == at::kBFloat16 ? 8e-3 : type == at::kFloat ? 4e-6 : 1e-12);
  ASSERT_EQ(ours.size(), exact.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    ASSERT_EQ(ours[i].sizes(), exact[i].sizes());
    const double scale = exact[i].abs().max().item<double>();
    const double error = (ours[i].to(at::kDouble) - exact[i]).abs().max().item<double>();
    EXPECT_LE(error, limit * scale) << "tensor " << i << " of shape " << exact[i].sizes();
  }
}

}  // namespace amalgam
