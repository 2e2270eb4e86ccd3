#include "tensor/ops_plain.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/silu.h>

#include "core/error.h"

namespace amalgam::plain {
namespace {

/// What sums are kept in: fp32 for bf16, fp16 and fp32, fp64 for fp64.
at::ScalarType sum_type(const at::Tensor& x) {
  return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const auto halves = x.to(sum_type(x)).chunk(2, -1);  // (T, H, d/2) each
  return at::cat({halves[0] * cos - halves[1] * sin, halves[1] * cos + halves[0] * sin}, -1)
      .to(x.scalar_type());
}

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, double offset) {
  const at::Tensor wide = x.to(sum_type(x));
  const at::Tensor inverse = (wide.square().mean(-1, /*keepdim=*/true) + eps).rsqrt();
  return (wide * inverse * (weight.to(wide.scalar_type()) + offset)).to(x.scalar_type());
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return at::linear(x, weight, bias.defined() ? std::optional(bias) : std::nullopt);
}

Heads split_rotary(const at::Tensor& qkv, const at::Tensor& cos, const at::Tensor& sin,
                   int64_t heads, int64_t kv_heads) {
  const int64_t size = qkv.size(1) / (heads + 2 * kv_heads);
  const auto parts = qkv.view({qkv.size(0), heads + 2 * kv_heads, size})
                         .split_with_sizes({heads, kv_heads, kv_heads}, 1);
  const at::Tensor c = cos.to(sum_type(qkv)).unsqueeze(1);  // (T, 1, d/2)
  const at::Tensor s = sin.to(sum_type(qkv)).unsqueeze(1);
  return {rotate(parts[0], c, s), rotate(parts[1], c, s), parts[2]};
}

at::Tensor gated_activation(const at::Tensor& x, Activation activation) {
  const auto halves = x.to(sum_type(x)).chunk(2, -1);
  at::Tensor gate;
  switch (activation) {
    case Activation::kSilu:
      gate = at::silu(halves[0]);
      break;
    case Activation::kGeluTanh:
      gate = at::gelu(halves[0], "tanh");
      break;
    case Activation::kGelu:
      gate = at::gelu(halves[0]);
      break;
  }
  return (gate * halves[1]).to(x.scalar_type());
}

}  // namespace amalgam::plain
