// Normaliser and probabilities of a block of logits.
#pragma once

#include "tensor/kernels/vec.inl"

namespace amalgam::kernels {
namespace {

template <class Body>
inline void cap_rows(float* row, int64_t columns, float cap, Body body) {
  for_lanes(columns, [&](auto get, auto put, int64_t) {
    Vec x = get(row);
    if (cap > 0) {
      x = cap * tanh(x / cap);
      put(row, x);
    }
    body(x);
  });
}

inline void normaliser_block(float* logits, int64_t ld, int64_t rows, int64_t columns, float cap,
                             float* maximum, float* sum) {
  for (int64_t r = 0; r < rows; ++r) {
    float* row = logits + r * ld;
    float top = maximum[r];
    Vec tops = splat(top);
    int64_t c = 0;
    if (cap > 0) cap_rows(row, columns, cap, [](Vec) {});
    for (; c + kLanes <= columns; c += kLanes) tops = max(tops, load(row + c));
    top = max_lanes(tops);
    for (; c < columns; ++c) top = row[c] > top ? row[c] : top;
    Vec total = {};
    for (c = 0; c + kLanes <= columns; c += kLanes) total += exp(load(row + c) - top);
    float sum_now = sum_lanes(total);
    for (; c < columns; ++c) sum_now += exp(splat(row[c] - top))[0];
    sum[r] = sum[r] * exp(splat(maximum[r] - top))[0] + sum_now;
    maximum[r] = top;
  }
}

template <class T>
void probabilities(const float* logits, int64_t ld, int64_t rows, int64_t columns, float cap,
                   const float* lse, T* out, int64_t ld_out) {
  for (int64_t r = 0; r < rows; ++r) {
    const float* row = logits + r * ld;
    for_lanes(columns, [&](auto get, auto put, int64_t) {
      const Vec x = get(row);
      Vec p = exp(x - lse[r]);
      if (cap > 0) p = p * (1.0f - (x / cap) * (x / cap));
      put(out + r * ld_out, p);
    });
  }
}

}  // namespace
}  // namespace amalgam::kernels
