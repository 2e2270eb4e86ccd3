// Norms, rotary embeddings and gated activations: each one pass over memory, forward and backward.
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "tensor/kernels/parallel.h"
#include "tensor/kernels/product.h"
#include "tensor/ops.h"
#include "tensor/ops_plain.h"

namespace amalgam {
namespace {

using kernels::data;
using kernels::for_each_part;
using kernels::loops;
using kernels::with_storage;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kRows = 64;  // a thread takes at a time

bool on_loops(const at::Tensor& x) {
  return x.is_cpu() && (x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kFloat);
}

struct Norm : torch::autograd::Function<Norm> {
  /// {normed} or, with a residual, {normed, sum}.
  static variable_list forward(AutogradContext* context, const at::Tensor& input,
                               const std::optional<at::Tensor>& residual, const at::Tensor& weight,
                               double eps, double offset) {
    const at::Tensor x = input.contiguous();
    const at::Tensor other = residual ? residual->contiguous() : at::Tensor();
    const int64_t rows = x.size(0), columns = x.size(1);
    const at::Tensor normed = at::empty_like(x), sum = residual ? at::empty_like(x) : x;
    const at::Tensor inverse = at::empty({rows}, x.options().dtype(at::kFloat));
    with_storage(x.scalar_type(), [&](auto type) {
      using T = decltype(type);
      for_each_part(rows, kRows, [&](int64_t begin, int64_t end) {
        const int64_t at = begin * columns;
        loops<T>().norm(data<T>(x) + at, residual ? data<T>(other) + at : nullptr, data<T>(weight),
                        end - begin, columns, static_cast<float>(eps), static_cast<float>(offset),
                        data<T>(sum) + at, data<T>(normed) + at, data<float>(inverse) + begin);
      });
    });
    context->set_materialize_grads(false);
    context->save_for_backward({sum, weight, inverse});
    context->saved_data["offset"] = offset;
    context->saved_data["residual"] = residual.has_value();
    return residual ? variable_list{normed, sum} : variable_list{normed};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const bool residual = context->saved_data["residual"].toBool();
    const at::Tensor through = residual ? gradients[1] : at::Tensor();
    if (!gradients[0].defined()) return {through, through, {}, {}, {}};
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &inverse = saved[2];
    const at::Tensor dy = gradients[0].contiguous();
    const at::Tensor extra = through.defined() ? through.contiguous() : through;
    const auto offset = static_cast<float>(context->saved_data["offset"].toDouble());
    const int64_t rows = x.size(0), columns = x.size(1);
    const at::Tensor dx = at::empty_like(x);
    // Sums over rows: in fixed parts, then over the parts, whatever the number of threads.
    const at::Tensor partial =
        at::zeros({(rows + kRows - 1) / kRows, columns}, x.options().dtype(at::kFloat));
    with_storage(x.scalar_type(), [&](auto type) {
      using T = decltype(type);
      for_each_part(rows, kRows, [&](int64_t begin, int64_t end) {
        const int64_t at = begin * columns;
        loops<T>().norm_gradient(data<T>(dy) + at, extra.defined() ? data<T>(extra) + at : nullptr,
                                 data<T>(x) + at, data<T>(weight), data<float>(inverse) + begin,
                                 end - begin, columns, offset, data<T>(dx) + at,
                                 data<float>(partial) + begin / kRows * columns);
      });
    });
    return {dx, residual ? dx : at::Tensor(), partial.sum(0).to(weight.scalar_type()), {}, {}};
  }
};

bool norm_on_loops(const at::Tensor& x, const at::Tensor& weight) {
  return on_loops(x) && x.dim() == 2 && weight.scalar_type() == x.scalar_type() &&
         weight.is_contiguous();
}

/// Rotates q and k, copies v: from (T, (H + 2 G) d) into the same layout.
struct SplitRotary : torch::autograd::Function<SplitRotary> {
  static void turn(const at::Tensor& in, int64_t first, int64_t heads, const at::Tensor& cosine,
                   const at::Tensor& sine, float direction, const at::Tensor& out,
                   int64_t first_out) {
    const int64_t d = 2 * cosine.size(1);
    with_storage(in.scalar_type(), [&](auto type) {
      using T = decltype(type);
      for_each_part(in.size(0), kRows, [&](int64_t begin, int64_t end) {
        loops<T>().rotate(data<T>(in) + begin * in.stride(0) + first * d, in.stride(0),
                          data<float>(cosine) + begin * d / 2, data<float>(sine) + begin * d / 2,
                          end - begin, heads, d, direction,
                          data<T>(out) + begin * out.stride(0) + first_out * d, out.stride(0));
      });
    });
  }

  static variable_list forward(AutogradContext* context, const at::Tensor& input,
                               const at::Tensor& cosine, const at::Tensor& sine, int64_t heads,
                               int64_t kv_heads) {
    const at::Tensor qkv = input.contiguous(), c = cosine.contiguous(), s = sine.contiguous();
    const int64_t tokens = qkv.size(0), d = 2 * c.size(1), all = heads + 2 * kv_heads;
    at::Tensor out = at::empty({tokens, all, d}, qkv.options());
    turn(qkv, 0, heads + kv_heads, c, s, 1, out, 0);
    out.narrow(1, heads + kv_heads, kv_heads)
        .copy_(qkv.view({tokens, all, d}).narrow(1, heads + kv_heads, kv_heads));
    context->save_for_backward({c, s});
    return out.split_with_sizes({heads, kv_heads, kv_heads}, 1);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const int64_t tokens = saved[0].size(0), d = 2 * saved[0].size(1);
    const int64_t heads = gradients[0].size(1), kv_heads = gradients[1].size(1);
    at::Tensor out = at::empty({tokens, (heads + 2 * kv_heads) * d}, gradients[0].options());
    const auto together = [](const at::Tensor& x) {
      return x.stride(2) == 1 && x.stride(1) == x.size(2) ? x : x.contiguous();
    };
    turn(together(gradients[0]), 0, heads, saved[0], saved[1], -1, out, 0);
    turn(together(gradients[1]), 0, kv_heads, saved[0], saved[1], -1, out, heads);
    out.narrow(1, (heads + kv_heads) * d, kv_heads * d)
        .view({tokens, kv_heads, d})
        .copy_(gradients[2]);
    return {out, {}, {}, {}, {}};
  }
};

struct GatedActivation : torch::autograd::Function<GatedActivation> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, Activation kind) {
    const at::Tensor x = input.contiguous();
    const int64_t width = x.size(1) / 2;
    const at::Tensor out = at::empty({x.size(0), width}, x.options());
    with_storage(x.scalar_type(), [&](auto type) {
      using T = decltype(type);
      for_each_part(x.size(0), kRows, [&](int64_t begin, int64_t end) {
        loops<T>().gate(data<T>(x) + 2 * begin * width, end - begin, width, kind,
                        data<T>(out) + begin * width);
      });
    });
    context->save_for_backward({x});
    context->saved_data["kind"] = static_cast<int64_t>(kind);
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor x = context->get_saved_variables()[0], dout = gradients[0].contiguous();
    const auto kind = static_cast<Activation>(context->saved_data["kind"].toInt());
    const int64_t width = x.size(1) / 2;
    const at::Tensor dx = at::empty_like(x);
    with_storage(x.scalar_type(), [&](auto type) {
      using T = decltype(type);
      for_each_part(x.size(0), kRows, [&](int64_t begin, int64_t end) {
        loops<T>().gate_gradient(data<T>(dout) + begin * width, data<T>(x) + 2 * begin * width,
                                 end - begin, width, kind, data<T>(dx) + 2 * begin * width);
      });
    });
    return {dx, {}};
  }
};

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, double offset) {
  if (!norm_on_loops(x, weight)) return plain::rms_norm(x, weight, eps, offset);
  return Norm::apply(x, std::optional<at::Tensor>(), weight, eps, offset)[0];
}

AddedNorm add_rms_norm(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& weight,
                       double eps, double offset) {
  if (!norm_on_loops(x, weight)) {
    const at::Tensor sum = x + residual;
    return {sum, plain::rms_norm(sum, weight, eps, offset)};
  }
  const variable_list both = Norm::apply(x, std::optional(residual), weight, eps, offset);
  return {both[1], both[0]};
}

Heads split_rotary(const at::Tensor& qkv, const at::Tensor& cos, const at::Tensor& sin,
                   int64_t heads, int64_t kv_heads) {
  if (!on_loops(qkv) || cos.scalar_type() != at::kFloat)
    return plain::split_rotary(qkv, cos, sin, heads, kv_heads);
  const variable_list parts = SplitRotary::apply(qkv, cos, sin, heads, kv_heads);
  return {parts[0], parts[1], parts[2]};
}

at::Tensor gated_activation(const at::Tensor& x, Activation activation) {
  return on_loops(x) ? GatedActivation::apply(x, activation)
                     : plain::gated_activation(x, activation);
}

}  // namespace amalgam
