// log softmax at the targets on the CPU. The normaliser is gathered over spans of the vocabulary;
// of the backward, (p - onehot) is kept in the compute type where it is small, and computed again
// where not.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

#include "tensor/kernels/parallel.h"
#include "tensor/kernels/product.h"
#include "tensor/ops.h"
#include "tensor/ops_plain.h"

namespace amalgam {
namespace {

using kernels::data;
using kernels::kTile;
using kernels::loops;
using kernels::round_up;
using kernels::with_storage;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kSpan = 1024;                     // columns normalised at once
constexpr int64_t kKeptBytes = int64_t{512} << 20;  // of (p - onehot) kept for the backward
constexpr int64_t kWideLogits = 32768;  // above it a row block's logits leave the caches
constexpr int64_t kChunkNumbers = int64_t{1} << 25;  // of (p - onehot) computed again at once

/// The logits of a batch of rows: hidden (M, D) against the head's panels.
struct Logits {
  const at::Tensor& hidden;  // (M, D)
  const at::Tensor& panels;
  const at::Tensor& targets;  // (M)
  int64_t vocabulary;
  float cap;

  int64_t spans() const { return (vocabulary + kSpan - 1) / kSpan; }

  /// Columns of span `index` for rows [row, row + rows), not capped.
  template <class T>
  int64_t compute(int64_t row, int64_t rows, int64_t index, float* out, int64_t ld) const {
    const int64_t first = index * kSpan / kTile;
    const int64_t last = std::min(first + kSpan / kTile, panels.size(0));
    kernels::row_block(data<T>(hidden) + row * hidden.stride(0), hidden.stride(0), rows,
                       hidden.size(1), data<T>(panels), first, last, out, ld);
    return std::min(kSpan, vocabulary - index * kSpan);
  }

  /// out (M, ld) = p - onehot of a span, from capped logits: exact where p is close to one.
  template <class T>
  void store_gradient(int64_t row, int64_t rows, int64_t index, int64_t columns,
                      const float* logits, int64_t ld, const float* lse, T* out,
                      int64_t ld_out) const {
    const int64_t first = index * kSpan;
    loops<T>().probabilities(logits, ld, rows, columns, cap, lse, out + first, ld_out);
    const int64_t* target = targets.const_data_ptr<int64_t>() + row;
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t column = target[r] - first;
      if (column < 0 || column >= columns) continue;
      const float logit = logits[r * ld + column];
      const float slope = cap > 0 ? 1 - (logit / cap) * (logit / cap) : 1;
      const float value = std::expm1(logit - lse[r]) * slope;
      loops<T>().store_tile(&value, 1, 1, 1, nullptr, nullptr, out + r * ld_out + target[r], 1);
    }
    if (first + columns == vocabulary)
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = vocabulary; c < ld_out; ++c) out[r * ld_out + c] = 0;
  }
};

/// Normalisers and, where `kept` is defined (M, V padded to even), p - onehot.
template <class T>
void normalise(const Logits& logits, const at::Tensor& lse, const at::Tensor& logps,
               const at::Tensor& kept) {
  const int64_t total = logits.hidden.size(0), spans = logits.spans();
  const int64_t ld = kept.defined() ? round_up(logits.vocabulary, kTile) : kSpan;
  using Buffer = std::vector<float>;
  kernels::for_each_item_with<Buffer>(
      (total + kTile - 1) / kTile, [&](int64_t item, Buffer& buffer) {
        buffer.resize(static_cast<size_t>(kTile * ld));
        const int64_t row = item * kTile, rows = std::min(kTile, total - row);
        const int64_t* target = logits.targets.const_data_ptr<int64_t>() + row;
        float maximum[kTile], sum[kTile], picked[kTile];
        std::fill_n(maximum, kTile, -1e30f);
        std::fill_n(sum, kTile, 0.0f);
        const auto at = [&](int64_t span) {
          return buffer.data() + (kept.defined() ? span * kSpan : 0);
        };
        for (int64_t span = 0; span < spans; ++span) {
          const int64_t columns = logits.compute<T>(row, rows, span, at(span), ld);
          loops<T>().normaliser_block(at(span), ld, rows, columns, logits.cap, maximum, sum);
          for (int64_t r = 0; r < rows; ++r) {
            const int64_t column = target[r] - span * kSpan;
            if (column >= 0 && column < columns) picked[r] = at(span)[r * ld + column];
          }
        }
        float* normaliser = data<float>(lse) + row;
        for (int64_t r = 0; r < rows; ++r) {
          normaliser[r] = maximum[r] + std::log(sum[r]);
          data<float>(logps)[row + r] = picked[r] - normaliser[r];
        }
        if (!kept.defined()) return;
        for (int64_t span = 0; span < spans; ++span)
          logits.store_gradient(row, rows, span, std::min(kSpan, logits.vocabulary - span * kSpan),
                                at(span), ld, normaliser, data<T>(kept) + row * kept.size(1),
                                kept.size(1));
      });
}

/// p - onehot of rows [begin, begin + out.size(0)) once more.
template <class T>
void recompute(const Logits& logits, const at::Tensor& lse, int64_t begin, const at::Tensor& out) {
  const int64_t total = out.size(0), spans = logits.spans();
  using Buffer = std::vector<float>;
  kernels::for_each_item_with<Buffer>((total + kTile - 1) / kTile * spans, [&](int64_t item,
                                                                               Buffer& buffer) {
    buffer.resize(kTile * kSpan);
    // The items of a span follow each other: its panels stay in the cache.
    const int64_t blocks = (total + kTile - 1) / kTile, span = item / blocks;
    const int64_t row = item % blocks * kTile, rows = std::min(kTile, total - row);
    const int64_t columns = logits.compute<T>(begin + row, rows, span, buffer.data(), kSpan);
    if (logits.cap > 0) {
      float maximum[kTile] = {}, sum[kTile] = {};
      loops<T>().normaliser_block(buffer.data(), kSpan, rows, columns, logits.cap, maximum, sum);
    }
    logits.store_gradient(begin + row, rows, span, columns, buffer.data(), kSpan,
                          data<float>(lse) + begin + row, data<T>(out) + row * out.size(1),
                          out.size(1));
  });
}

struct TokenLogprobs : torch::autograd::Function<TokenLogprobs> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input,
                            const at::Tensor& weight, const at::Tensor& target_ids,
                            const at::Tensor& forward_panels, const at::Tensor& backward_panels,
                            double softcap) {
    const at::Tensor hidden = input.contiguous(), targets = target_ids.contiguous();
    const int64_t rows = hidden.size(0), vocabulary = weight.size(0);
    const auto options = hidden.options().dtype(at::kFloat);
    const at::Tensor logps = at::empty({rows}, options), lse = at::empty({rows}, options);
    const int64_t width = round_up(vocabulary, 2);
    const bool keep = backward_panels.numel() > 0 && vocabulary <= kWideLogits &&
                      rows * width * hidden.element_size() <= kKeptBytes;
    const at::Tensor kept = keep ? at::empty({rows, width}, hidden.options()) : at::Tensor();
    const Logits logits{hidden, forward_panels, targets, vocabulary, static_cast<float>(softcap)};
    with_storage(hidden.scalar_type(),
                 [&](auto type) { normalise<decltype(type)>(logits, lse, logps, kept); });
    context->save_for_backward(
        {hidden, weight, targets, forward_panels, backward_panels, lse, kept});
    context->saved_data["softcap"] = softcap;
    return logps;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::NoGradGuard no_grad;
    const auto t = context->get_saved_variables();
    const at::Tensor &hidden = t[0], &weight = t[1], &lse = t[5], &kept = t[6];
    const int64_t rows = hidden.size(0), width = round_up(weight.size(0), 2);
    const Logits logits{hidden, t[3], t[2], weight.size(0),
                        static_cast<float>(context->saved_data["softcap"].toDouble())};
    const at::Tensor minus = gradients[0].to(at::kFloat).neg().contiguous();  // (M)
    const at::Tensor scaled = (hidden * minus.unsqueeze(1)).to(hidden.scalar_type());
    const at::Tensor dhidden = at::empty(hidden.sizes(), hidden.options());
    const int64_t chunk = kept.defined() ? std::max<int64_t>(rows, 1)
                                         : round_up(std::max(kChunkNumbers / width, kTile), kTile);
    at::Tensor dweight;
    for (int64_t row = 0; row < rows; row += chunk) {
      const int64_t count = std::min(chunk, rows - row);
      const at::Tensor gradient =
          kept.defined() ? kept : at::empty({count, width}, hidden.options());
      if (!kept.defined())
        with_storage(hidden.scalar_type(),
                     [&](auto type) { recompute<decltype(type)>(logits, lse, row, gradient); });
      if (context->needs_input_grad(0))
        kernels::product(gradient, t[4], {}, dhidden.narrow(0, row, count),
                         minus.narrow(0, row, count));
      if (!context->needs_input_grad(1)) continue;
      const bool whole = count == rows;
      at::Tensor part = at::empty(
          weight.sizes(), weight.options().dtype(whole ? weight.scalar_type() : at::kFloat));
      kernels::product_of_transposed(gradient.narrow(1, 0, weight.size(0)),
                                     scaled.narrow(0, row, count), part);
      dweight = dweight.defined() ? dweight.add_(part) : part;
    }
    if (context->needs_input_grad(1) && !dweight.defined())
      dweight = at::zeros(weight.sizes(), weight.options());
    return {dhidden, dweight.defined() ? dweight.to(weight.scalar_type()) : dweight, {}, {}, {},
            {}};
  }
};

}  // namespace

at::Tensor token_logprobs(const at::Tensor& hidden, const Linear& head, const at::Tensor& targets,
                          double softcap) {
  if (!head.packs(hidden) || head.bias().defined())
    return plain::token_logprobs(hidden, head.weight(), head.bias(), targets, softcap);
  const bool differentiable =
      at::GradMode::is_enabled() && (hidden.requires_grad() || head.weight().requires_grad());
  return TokenLogprobs::apply(
      hidden, head.weight(), targets, head.forward_panels(),
      differentiable ? head.backward_panels() : at::empty({0}, hidden.options()), softcap);
}

}  // namespace amalgam
