// Products of few rows with a packed operand that comes from memory.
#pragma once

#include "tensor/kernels/vec.inl"

namespace amalgam::kernels {
namespace {

/// sum + a b over the elements of each word.
template <class T>
inline Vec add_dot(Vec sum, WordVec a, WordVec b) {
  if constexpr (sizeof(T) == 4) return sum + (Vec)a * (Vec)b;
#if defined(__AVX512BF16__)
  return (Vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
  return sum + (Vec)(a << 16) * (Vec)(b << 16) + (Vec)(a & 0xffff0000u) * (Vec)(b & 0xffff0000u);
#endif
}

/// kRows rows by kVectors vectors of columns, the last of which has `last` columns.
template <class T, int kRows, int kVectors>
inline void thin_block(const uint32_t* a, int64_t ld_a, int64_t words, const uint32_t* b,
                       int64_t ld_b, int64_t last, const uint32_t* next, bool add, float* c,
                       int64_t ld_c) {
  Vec sums[kRows][kVectors] = {};
  for (int64_t w = 0; w < words; ++w) {
    WordVec panel[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      const uint32_t* from = b + w * ld_b + v * kLanes;
      panel[v] =
          v + 1 < kVectors || last == kLanes ? load_bits<WordVec>(from) : load_words(from, last);
      if (next) __builtin_prefetch(next + (from - b), 0, 2);
    }
    for (int r = 0; r < kRows; ++r) {
      const WordVec word = WordVec{} + a[r * ld_a + w];
      for (int v = 0; v < kVectors; ++v) sums[r][v] = add_dot<T>(sums[r][v], word, panel[v]);
    }
  }
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < kVectors; ++v) {
      float* to = c + r * ld_c + v * kLanes;
      const int64_t count = v + 1 < kVectors ? kLanes : last;
      if (count == kLanes)
        store(to, add ? load(to) + sums[r][v] : sums[r][v]);
      else
        store_part(to, add ? load_part(to, count) + sums[r][v] : sums[r][v], count);
    }
}

template <class T>
void thin_product(const T* a, int64_t ld_a, int64_t rows, int64_t words, const T* b,
                  int64_t columns, const T* next, bool add, float* c, int64_t ld_c) {
  constexpr int kVectors = kLanes == 16 ? 4 : 2;  // sums of four rows stay in registers
  constexpr int kPerWord = 4 / sizeof(T);
  const auto* left = (const uint32_t*)a;
  const auto* right = (const uint32_t*)b;
  const auto* ahead = (const uint32_t*)next;
  const int64_t ld = ld_a / kPerWord;
  const auto block = [&]<int kRows>(int64_t row) {
    const uint32_t* rows_of_a = left + row * ld;
    float* to = c + row * ld_c;
    const auto fetched = [&](int64_t column) {
      return row == 0 && ahead ? ahead + column : nullptr;
    };
    int64_t column = 0;
    for (; column + kVectors * kLanes <= columns; column += kVectors * kLanes)
      thin_block<T, kRows, kVectors>(rows_of_a, ld, words, right + column, columns, kLanes,
                                     fetched(column), add, to + column, ld_c);
    for (; column < columns; column += kLanes)
      thin_block<T, kRows, 1>(rows_of_a, ld, words, right + column, columns,
                              min_of(kLanes, columns - column), fetched(column), add, to + column,
                              ld_c);
  };
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4) block.template operator()<4>(row);
  for (; row + 2 <= rows; row += 2) block.template operator()<2>(row);
  if (row < rows) block.template operator()<1>(row);
}

}  // namespace
}  // namespace amalgam::kernels
