// A vector of fp32 lanes in the width of the instruction set this is compiled for (GCC and Clang
// vector extensions).
#pragma once

#include <stdint.h>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "tensor/kernels/loops.h"

namespace amalgam::kernels {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float Vec __attribute__((vector_size(4 * kLanes)));
typedef int32_t IntVec __attribute__((vector_size(4 * kLanes)));
typedef uint32_t WordVec __attribute__((vector_size(4 * kLanes)));
typedef uint16_t HalfVec __attribute__((vector_size(2 * kLanes)));

template <class V, class P>
inline V load_bits(const P* from) {
  V value;
  __builtin_memcpy(&value, from, sizeof value);
  return value;
}
template <class P, class V>
inline void store_bits(P* to, V value) {
  __builtin_memcpy(to, &value, sizeof value);
}

inline int64_t min_of(int64_t a, int64_t b) { return a < b ? a : b; }
inline Vec splat(float x) { return x - Vec{}; }

// Where GCC has one instruction for what it makes several of, the instruction is named. (The forms
// without a mask give warnings.)
#if defined(__AVX512F__)
inline Vec max(Vec a, Vec b) { return (Vec)_mm512_maskz_max_ps(0xffff, (__m512)b, (__m512)a); }
inline Vec min(Vec a, Vec b) { return (Vec)_mm512_maskz_min_ps(0xffff, (__m512)b, (__m512)a); }
inline WordVec to_words(HalfVec half) {
  return (WordVec)_mm512_maskz_cvtepu16_epi32(0xffff, (__m256i)half);
}
#else
inline Vec max(Vec a, Vec b) { return b > a ? b : a; }  // a NaN in a stays
inline Vec min(Vec a, Vec b) { return b < a ? b : a; }
inline WordVec to_words(HalfVec half) { return __builtin_convertvector(half, WordVec); }
#endif
inline IntVec lane_index() {
  static constexpr int32_t kIndex[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return load_bits<IntVec>(kIndex);
}

inline Vec widen(HalfVec half) { return (Vec)(to_words(half) << 16); }

/// Rounds to nearest, ties to even; a NaN stays one.
inline HalfVec narrow(Vec x) {
#if defined(__AVX512BF16__)
  return (HalfVec)_mm512_cvtneps_pbh((__m512)x);
#else
  const WordVec bits = (WordVec)x;
  const WordVec rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return __builtin_convertvector(x == x ? rounded : (bits >> 16) | 0x40, HalfVec);
#endif
}

inline Vec load(const float* from) { return load_bits<Vec>(from); }
inline Vec load(const Bf16* from) { return widen(load_bits<HalfVec>(from)); }
inline void store(float* to, Vec x) { store_bits(to, x); }
inline void store(Bf16* to, Vec x) { store_bits(to, narrow(x)); }

/// The first `count` lanes; zero in the others.
template <class T>
inline Vec load_part(const T* from, int64_t count) {
  T buffer[kLanes] = {};
  for (int64_t i = 0; i < count; ++i) buffer[i] = from[i];
  return load(buffer);
}
template <class T>
inline void store_part(T* to, Vec x, int64_t count) {
  T buffer[kLanes];
  store(buffer, x);
  for (int64_t i = 0; i < count; ++i) to[i] = buffer[i];
}

/// Calls body(load, store, offset) over `count` numbers: whole vectors, then the rest.
template <class Body>
inline void for_lanes(int64_t count, Body body) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    body([i](const auto* p) { return load(p + i); }, [i](auto* p, Vec x) { store(p + i, x); }, i);
  if (const int64_t rest = count - i; rest > 0)
    body([i, rest](const auto* p) { return load_part(p + i, rest); },
         [i, rest](auto* p, Vec x) { store_part(p + i, x, rest); }, i);
}

/// Lane i is lane from[i] of a followed by b.
inline WordVec shuffle(WordVec a, WordVec b, IntVec from) {
#ifdef __clang__  // has shuffles by constants only
  WordVec out;
  for (int i = 0; i < kLanes; ++i) out[i] = from[i] < kLanes ? a[from[i]] : b[from[i] - kLanes];
  return out;
#else
  return __builtin_shuffle(a, b, from);
#endif
}

/// All lanes of x by halves: lane i with lane i + kLanes / 2, and so on; the result is in lane 0.
template <class Combine>
inline float fold_lanes(Vec x, Combine combine) {
  for (int half = kLanes / 2; half > 0; half /= 2)
    x = combine(x, (Vec)shuffle((WordVec)x, (WordVec)x, lane_index() ^ half));
  return x[0];
}
inline float sum_lanes(Vec x) {
  return fold_lanes(x, [](Vec a, Vec b) { return a + b; });
}
inline float max_lanes(Vec x) {
  return fold_lanes(x, [](Vec a, Vec b) { return max(a, b); });
}

/// e^x to a few units in the last place; 0 from -88 down, and a NaN stays one. x = n ln 2 + r with
/// |r| <= ln 2 / 2; e^x = 2^n e^r, e^r by its Taylor polynomial of degree 6.
inline Vec exp(Vec x) {
  const Vec clamped = min(max(x, splat(-88.0f)), splat(88.0f));
  const Vec shifted =
      clamped * 1.44269504f + 12582912.0f;  // 1.5 * 2^23: low bits are round(x / ln 2)
  const Vec n = shifted - 12582912.0f;
  const Vec r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two parts
  Vec p = splat(1.0f / 720);
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return p * (Vec)(((IntVec)shifted - (0x4b400000 - 127)) << 23);
}

/// 1 / x to a unit or two in the last place, for finite x.
inline Vec reciprocal(Vec x) {
#if defined(__AVX512F__)
  const Vec near = (Vec)_mm512_maskz_rcp14_ps(0xffff, (__m512)x);
  return near * (2.0f - x * near);
#else
  return 1.0f / x;
#endif
}

inline Vec tanh(Vec x) { return 1.0f - 2.0f * reciprocal(1.0f + exp(2.0f * x)); }
inline Vec sigmoid(Vec x) { return reciprocal(1.0f + exp(-x)); }

/// Transposes a square of kLanes words in registers.
inline void transpose_square(WordVec (&rows)[kLanes]) {
  for (int step = 1; step < kLanes; step *= 2) {
    IntVec low, high;
    for (int lane = 0; lane < kLanes; ++lane) {
      low[lane] = lane & step ? kLanes + lane - step : lane;
      high[lane] = lane & step ? kLanes + lane : lane + step;
    }
    for (int i = 0; i < kLanes; ++i) {
      if (i & step) continue;
      const WordVec a = rows[i], b = rows[i + step];
      rows[i] = shuffle(a, b, low);
      rows[i + step] = shuffle(a, b, high);
    }
  }
}

}  // namespace
}  // namespace amalgam::kernels
