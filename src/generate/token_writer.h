// How a token's keys and values lie in the pages of KvCache::Layout::kKernel.
#pragma once

#include <algorithm>
#include <cstring>

#include "generate/kv_cache.h"
#include "tensor/kernels/product.h"

namespace amalgam {

/// Writes tokens of k (T, G, dk) and v (T, G, dv) to the cache, one head at a time.
template <class T>
class TokenWriter {
 public:
  TokenWriter(const KvCache::Layer& layer, const at::Tensor& k, const at::Tensor& v)
      : k_(k.stride(2) == 1 ? k : k.contiguous()),
        v_(v.stride(2) == 1 ? v : v.contiguous()),
        keys_(kernels::data<T>(layer.keys)),
        values_(kernels::data<T>(layer.values)),
        tokens_(layer.keys.size(1) * kPageTokens) {}

  /// The first token of a page clears it of what an earlier sequence left: it must be written
  /// before the others.
  void write(int64_t token, int64_t head, Slot slot) const {
    constexpr int64_t kPerWord = 4 / sizeof(T);  // of the summed dimension: of keys, of tokens
    const int64_t key_size = k_.size(2), value_size = v_.size(2), place = slot % kPageTokens;
    const int64_t page = head * tokens_ + slot - place;  // its first token's place in the layer
    if (place == 0) std::fill_n(values_ + page * value_size, kPageTokens * value_size, T{});
    const T* key = kernels::data<T>(k_) + token * k_.stride(0) + head * k_.stride(1);
    T* column = keys_ + page * key_size + place * kPerWord;
    for (int64_t i = 0; i < key_size; i += kPerWord)
      std::memcpy(column + i * kPageTokens, key + i, sizeof(uint32_t));
    const T* value = kernels::data<T>(v_) + token * v_.stride(0) + head * v_.stride(1);
    T* row = values_ + (page + place / kPerWord * kPerWord) * value_size + place % kPerWord;
    for (int64_t i = 0; i < value_size; ++i) row[i * kPerWord] = value[i];
  }

 private:
  at::Tensor k_, v_;
  T *keys_, *values_;
  int64_t tokens_;  // that the cache holds
};

}  // namespace amalgam
