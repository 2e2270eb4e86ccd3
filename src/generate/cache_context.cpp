#include "generate/cache_context.h"

namespace amalgam {

at::Tensor PrefillContext::attend(int64_t layer, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v, const AttentionParams& params) {
  cache_.store(layer, k, v, slots_);
  return segment_attention(q, k, v, segments_, params);
}

at::Tensor PrefillContext::attend_keeping(int64_t layer, const at::Tensor& q, const at::Tensor& k,
                                          const at::Tensor& v, const AttentionParams& params,
                                          const std::function<KeyValues()>& kept) {
  const KeyValues rows = kept();
  cache_.store(layer, rows.k, rows.v, slots_);
  return segment_attention(q, k, v, segments_, params);
}

DecodeContext::DecodeContext(KvCache& cache, std::span<const CachedRow> rows, at::Device device)
    : cache_(cache), rows_(rows) {
  if (cache.layout() == KvCache::Layout::kPlain) plan_.emplace(rows, device);
}

std::vector<int64_t> DecodeContext::lengths() const {
  std::vector<int64_t> lengths;
  for (const CachedRow& row : rows_) lengths.push_back(row.tokens());
  return lengths;
}

at::Tensor DecodeContext::attend(int64_t layer, const at::Tensor& q, const at::Tensor& k,
                                 const at::Tensor& v, const AttentionParams& params) {
  if (!plan_) return decode_attention(q, {k, v}, cache_.layer(layer), rows_, params);
  cache_.store(layer, k, v, plan_->newest);
  return decode_attention_plain(q, cache_.layer(layer), *plan_, params);
}

}  // namespace amalgam
