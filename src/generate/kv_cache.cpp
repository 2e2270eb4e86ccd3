#include "generate/kv_cache.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <numeric>

#include "core/error.h"
#include "generate/token_writer.h"
#include "tensor/kernels/parallel.h"

namespace amalgam {
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

void KvCache::reserve(Pages& pages, int64_t count) {
  AMALGAM_CHECK(count <= free_pages());
  pages.reserved += count;
  reserved_ += count;
}

void KvCache::grow(Pages& pages, int64_t tokens) {
  while (std::ssize(pages.taken) < pages_for(tokens)) {
    AMALGAM_CHECK(pages.reserved > 0);
    pages.taken.push_back(free_.back());
    free_.pop_back();
    --pages.reserved;
    --reserved_;
  }
}

void KvCache::release(Pages& pages) {
  free_.insert(free_.end(), pages.taken.rbegin(), pages.taken.rend());
  reserved_ -= pages.reserved;
  pages = {};
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
      const TokenWriter<decltype(type)> writer(to, k, v);
      kernels::for_each_item(k.size(1), [&](int64_t head) {
        for (size_t t = 0; t < slots.size(); ++t)
          writer.write(static_cast<int64_t>(t), head, slots[t]);
      });
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
