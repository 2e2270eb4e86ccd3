// Keys and values of past tokens, in pages of 64 tokens. A sequence is a list of pages: those of
// its prompt, shared by all samples of the prompt, and its own.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "models/model.h"

namespace amalgam {

constexpr int64_t kPageTokens = 64;

/// The pages of a sequence, and how many more it may take.
struct Pages {
  std::vector<int32_t> taken;
  int64_t reserved = 0;
};
inline int64_t pages_for(int64_t tokens) { return (tokens + kPageTokens - 1) / kPageTokens; }

/// Where a token's keys and values go: page * kPageTokens + place in the page.
using Slot = int64_t;
inline Slot slot_of(const Pages& pages, int64_t token) {
  return pages.taken[static_cast<size_t>(token / kPageTokens)] * kPageTokens + token % kPageTokens;
}

class KvCache {
 public:
  /// How pages lie in memory. kPlain: keys and values (pages, G, 64, d), for ATen. kKernel: as
  /// packed operands of products (tensor/kernels/loops.h), keys (G, pages, dk, 64) to be multiplied
  /// by queries, values (G, pages, 64, dv) by weights; a page's values are 0 where no token of its
  /// sequence has been stored.
  enum class Layout { kPlain, kKernel };

  KvCache(int64_t pages, int64_t layers, at::ScalarType dtype, at::Device device);
  KvCache(int64_t pages, int64_t layers, at::ScalarType dtype, at::Device device, Layout layout);

  /// Pages that can still be reserved.
  int64_t free_pages() const { return std::ssize(free_) - reserved_; }
  /// The caller has seen that there are as many.
  void reserve(Pages& pages, int64_t count);
  /// Takes reserved pages until there is place for `tokens`.
  void grow(Pages& pages, int64_t tokens);
  void release(Pages& pages);

  /// Stores k (T, G, dk) and v (T, G, dv) of T tokens.
  void store(int64_t layer, const at::Tensor& k, const at::Tensor& v, std::span<const Slot> slots);

  struct Layer {
    at::Tensor keys, values;  // made when the layer is first stored to
    int64_t value_size() const { return values.size(3); }
  };
  const Layer& layer(int64_t index) const { return layers_[static_cast<size_t>(index)]; }
  Layout layout() const { return layout_; }
  at::ScalarType dtype() const { return dtype_; }

 private:
  void make_layer(Layer& layer, const at::Tensor& k, const at::Tensor& v) const;

  int64_t pages_;
  at::ScalarType dtype_;
  at::Device device_;
  Layout layout_;
  std::vector<Layer> layers_;
  std::vector<int32_t> free_;  // a stack: memory that was used last is used first
  int64_t reserved_ = 0;       // of these
};

/// Bytes that a token takes in the cache.
int64_t cache_bytes_per_token(const ModelShape& shape, at::ScalarType dtype);

/// Bytes free on the device: memory the system can give without swapping, at most the limit of the
/// process's control group; or the free memory of an accelerator.
int64_t available_memory(at::Device device);

}  // namespace amalgam
