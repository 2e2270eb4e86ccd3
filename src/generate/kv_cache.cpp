#include "generate/kv_cache.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/error.h"
#include "tensor/kernels/parallel.h"
#include "tensor/kernels/product.h"

namespace amalgam {
namespace {

/// Copies each token's keys into a column of its page and its values into a row, for each head.
template <class T>
void store_tokens(KvCache::Layer& layer, const at::Tensor& k, const at::Tensor& v,
                  std::span<const Slot> slots) {
  constexpr int64_t kPerWord = 4 / sizeof(T);  // of the summed dimension: of keys, of tokens
  const int64_t heads = k.size(1), key_size = k.size(2), value_size = v.size(2);
  const int64_t tokens = layer.keys.size(1) * kPageTokens;  // that the cache holds
  const T* k_data = kernels::data<T>(k);
  const T* v_data = kernels::data<T>(v);
  T* keys = kernels::data<T>(layer.keys);
  T* values = kernels::data<T>(layer.values);
  for (const Slot slot : slots)  // a page's first token finds what an earlier sequence left
    for (int64_t h = 0; slot % kPageTokens == 0 && h < heads; ++h)
      std::fill_n(values + (h * tokens + slot) * value_size, kPageTokens * value_size, T{});
  kernels::for_each_part(k.size(0), 16, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const Slot slot = slots[static_cast<size_t>(t)];
      const int64_t place = slot % kPageTokens;
      for (int64_t h = 0; h < heads; ++h) {
        const T* key = k_data + t * k.stride(0) + h * k.stride(1);
        const T* value = v_data + t * v.stride(0) + h * v.stride(1);
        T* column = keys + (h * tokens + slot - place) * key_size + place * kPerWord;
        T* row = values + (h * tokens + slot / kPerWord * kPerWord) * value_size + place % kPerWord;
        for (int64_t i = 0; i < key_size; i += kPerWord)
          std::memcpy(column + i * kPageTokens, key + i, sizeof(uint32_t));
        for (int64_t i = 0; i < value_size; ++i) row[i * kPerWord] = value[i];
      }
    }
  });
}

at::Tensor inner_contiguous(const at::Tensor& x) { return x.stride(2) == 1 ? x : x.contiguous(); }

}  // namespace

KvCache::KvCache(int64_t pages, int64_t layers, at::ScalarType dtype, at::Device device)
    : KvCache(pages, layers, dtype, device,
              device.is_cpu() && (dtype == at::kFloat || dtype == at::kBFloat16) ? Layout::kKernel
                                                                                 : Layout::kPlain) {
}

KvCache::KvCache(int64_t pages, int64_t layers, at::ScalarType dtype, at::Device device,
                 Layout layout)
    : pages_(pages),
      dtype_(dtype),
      device_(device),
      layout_(layout),
      layers_(static_cast<size_t>(layers)),
      free_(static_cast<size_t>(pages)) {
  std::iota(free_.rbegin(), free_.rend(), 0);
}

Pages KvCache::allocate(int64_t count) {
  AMALGAM_CHECK(count <= free_pages());
  Pages taken(free_.rbegin(), free_.rbegin() + count);
  free_.resize(free_.size() - static_cast<size_t>(count));
  return taken;
}

void KvCache::release(Pages& pages) {
  free_.insert(free_.end(), pages.rbegin(), pages.rend());
  pages.clear();
}

void KvCache::make_layer(Layer& layer, const at::Tensor& k, const at::Tensor& v) const {
  const int64_t heads = k.size(1), key_size = k.size(2), value_size = v.size(2);
  const auto options = at::TensorOptions().dtype(dtype_).device(device_);
  if (layout_ == Layout::kKernel) {  // pages take memory when they are first written
    AMALGAM_CHECK(key_size % 2 == 0);
    layer.keys = at::empty({heads, pages_, key_size, kPageTokens}, options);
    layer.values = at::empty({heads, pages_, kPageTokens, value_size}, options);
  } else {  // zeros: what is masked is multiplied by 0, and must be finite
    layer.keys = at::zeros({pages_, heads, kPageTokens, key_size}, options);
    layer.values = at::zeros({pages_, heads, kPageTokens, value_size}, options);
  }
}

void KvCache::store(int64_t layer, const at::Tensor& k, const at::Tensor& v,
                    std::span<const Slot> slots) {
  Layer& to = layers_[static_cast<size_t>(layer)];
  if (!to.keys.defined()) make_layer(to, k, v);
  if (layout_ == Layout::kKernel) {
    kernels::with_storage(dtype_, [&](auto type) {
      store_tokens<decltype(type)>(to, inner_contiguous(k), inner_contiguous(v), slots);
    });
    return;
  }
  const auto count = static_cast<int64_t>(slots.size());
  const at::Tensor flat =
      at::from_blob(const_cast<Slot*>(slots.data()), {count}, at::kLong).to(device_);
  const at::Tensor page = flat.floor_divide(kPageTokens), place = flat.remainder(kPageTokens);
  to.keys.index_put_({page, {}, place}, k);
  to.values.index_put_({page, {}, place}, v);
}

}  // namespace amalgam
