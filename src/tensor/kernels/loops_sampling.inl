// What drawing a token does with all logits of a row.
#pragma once

#include "tensor/kernels/vec.inl"

namespace amalgam::kernels {
namespace {

inline float largest(const float* values, int64_t count) {
  Vec best = splat(values[0]), probe = {};  // probe stays 0 unless a value is not finite
  for_lanes(count, [&](auto get, auto, int64_t i) {
    const Vec x = get(values);
    probe += x * 0.0f;
    if (i + kLanes <= count) best = max(best, x);
  });
  float top = max_lanes(best);
  for (int64_t i = count / kLanes * kLanes; i < count; ++i) top = values[i] > top ? values[i] : top;
  return top + sum_lanes(probe);
}

inline void soften(const float* logits, int64_t count, float top, float inverse_temperature,
                   float* weights) {
  for_lanes(count, [&](auto get, auto put, int64_t) {
    put(weights, exp((get(logits) - top) * inverse_temperature));
  });
}

inline void drop_below(float* weights, int64_t count, float least, int32_t last) {
  for_lanes(count, [&](auto get, auto put, int64_t i) {
    const Vec w = get(weights);
    const IntVec kept = (w > least) | ((w == least) & (lane_index() + (int32_t)i <= last));
    put(weights, kept ? w : Vec{});
  });
}

inline void sum_runs(const float* weights, int64_t runs, double* sums) {
  constexpr int64_t kChains = 8;  // the order of the sum is the same for all instruction sets
  for (int64_t run = 0; run < runs; ++run, weights += kSummedRun) {
    double totals[kChains] = {};
    for (int64_t i = 0; i < kSummedRun; i += kChains)
      for (int64_t j = 0; j < kChains; ++j) totals[j] += weights[i + j];
    for (int64_t j = 1; j < kChains; ++j) totals[0] += totals[j];
    sums[run] = totals[0];
  }
}

}  // namespace
}  // namespace amalgam::kernels
