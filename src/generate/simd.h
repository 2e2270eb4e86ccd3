// Sixteen floats at a time, with the compiler's vector types: one source for every instruction set.
// A function marked AMALGAM_SIMD is compiled for AVX-512, AVX2 and the base set and chosen at load
// time; what it calls must be AMALGAM_INLINE to be compiled with it. Vectors are passed by
// reference, since their calling convention differs between the sets.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define AMALGAM_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define AMALGAM_SIMD
#endif
#define AMALGAM_INLINE inline __attribute__((always_inline))

namespace amalgam::simd {

constexpr int64_t kLanes = 16;
using Floats = float __attribute__((vector_size(64)));
using Ints = int32_t __attribute__((vector_size(64)));
using Doubles = double __attribute__((vector_size(64)));  // eight of them
using HalfFloats = float __attribute__((vector_size(32)));

AMALGAM_INLINE void load(Floats& x, const float* from) { std::memcpy(&x, from, sizeof(x)); }
AMALGAM_INLINE void store(const Floats& x, float* to) { std::memcpy(to, &x, sizeof(x)); }

AMALGAM_INLINE float maximum(const Floats& x) {
  float best = x[0];
  for (int64_t i = 1; i < kLanes; ++i) best = x[i] > best ? x[i] : best;
  return best;
}

AMALGAM_INLINE float sum(const Floats& x) {
  float total = x[0];
  for (int64_t i = 1; i < kLanes; ++i) total += x[i];
  return total;
}

/// x = exp(x) for x <= 0, to 1e-7 relative; 0 below -87. exp(x) = 2^n exp(r), |r| <= ln(2)/2, the
/// second factor by its Taylor polynomial.
AMALGAM_INLINE void exponential(Floats& x) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number
  const Ints underflow = x < -87.0F;
  const Floats clamped = underflow ? Floats{} - 87.0F : x;
  const Floats shifted = clamped * 1.44269504F + kRound;
  const Floats n = shifted - kRound;
  const Floats r = (clamped - n * 0.693359375F) - n * -2.12194440e-4F;  // ln 2 in two parts
  Floats y = r * (1.0F / 5040) + 1.0F / 720;
  y = y * r + 1.0F / 120;
  y = y * r + 1.0F / 24;
  y = y * r + 1.0F / 6;
  y = y * r + 0.5F;
  y = y * r + 1.0F;
  y = y * r + 1.0F;
  Ints bits, exponent;
  std::memcpy(&bits, &y, sizeof(bits));
  std::memcpy(&exponent, &shifted, sizeof(exponent));
  bits += exponent << 23;  // the low bits of `shifted` hold n
  std::memcpy(&y, &bits, sizeof(y));
  x = underflow ? Floats{} : y;
}

}  // namespace amalgam::simd
