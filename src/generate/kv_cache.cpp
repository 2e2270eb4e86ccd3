#include "generate/kv_cache.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <numeric>

#include "core/error.h"

namespace amalgam {
namespace {

/// Copies one token's keys into a column of its page and its values into a row, for each head.
template <class T>
void store_tokens(KvCache::Layer& layer, const at::Tensor& k, const at::Tensor& v,
                  std::span<const Slot> slots) {
  const int64_t heads = k.size(1), key_size = k.size(2), value_size = v.size(2);
  const int64_t value_row = layer.values.size(3);
  const T* k_data = k.const_data_ptr<T>();
  const T* v_data = v.const_data_ptr<T>();
  T* keys = layer.keys.mutable_data_ptr<T>();
  T* values = layer.values.mutable_data_ptr<T>();
  const auto copy = [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t page = slots[static_cast<size_t>(t)] / kPageTokens;
      const int64_t place = slots[static_cast<size_t>(t)] % kPageTokens;
      for (int64_t h = 0; h < heads; ++h) {
        const T* key = k_data + t * k.stride(0) + h * k.stride(1);
        const T* value = v_data + t * v.stride(0) + h * v.stride(1);
        T* column = keys + (page * heads + h) * key_size * kPageTokens + lane_of<T>(place);
        T* row = values + ((page * heads + h) * kPageTokens + place) * value_row;
        for (int64_t i = 0; i < key_size; ++i) column[i * kPageTokens] = key[i];
        for (int64_t i = 0; i < value_size; ++i) row[lane_of<T>(i)] = value[i];
      }
    }
  };
  at::parallel_for(0, k.size(0), 16, copy);
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
  Pages taken(free_.end() - count, free_.end());
  free_.resize(free_.size() - static_cast<size_t>(count));
  return taken;
}

void KvCache::release(Pages& pages) {
  free_.insert(free_.end(), pages.begin(), pages.end());
  pages.clear();
}

void KvCache::make_layer(Layer& layer, const at::Tensor& k, const at::Tensor& v) const {
  const int64_t heads = k.size(1), key_size = k.size(2), value_size = v.size(2);
  const auto options = at::TensorOptions().dtype(dtype_).device(device_);
  layer.value_size = value_size;
  if (layout_ == Layout::kKernel) {  // pages take memory when they are first written
    layer.keys = at::empty({pages_, heads, key_size, kPageTokens}, options);
    layer.values = at::empty({pages_, heads, kPageTokens, (value_size + 31) / 32 * 32}, options);
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
    if (dtype_ == at::kFloat)
      store_tokens<float>(to, inner_contiguous(k), inner_contiguous(v), slots);
    else
      store_tokens<at::BFloat16>(to, inner_contiguous(k), inner_contiguous(v), slots);
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
