// Attention that fills and reads a key/value cache, so that Model::forward serves decoding
// unchanged.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "generate/decode_attention.h"
#include "generate/kv_cache.h"
#include "models/model.h"

namespace amalgam {

/// Whole prompts, packed: each attends to itself, keys and values go to `slots` (one a token).
class PrefillContext : public AttentionContext {
 public:
  PrefillContext(KvCache& cache, const std::vector<Segment>& segments, std::span<const Slot> slots)
      : cache_(cache), segments_(segments), slots_(slots) {}
  at::Tensor attend(int64_t layer, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                    const AttentionParams& params) override;
  at::Tensor attend_keeping(int64_t layer, const at::Tensor& q, const at::Tensor& k,
                            const at::Tensor& v, const AttentionParams& params,
                            const std::function<KeyValues()>& kept) override;
  std::vector<int64_t> lengths() const override { return sequence_lengths(segments_); }

 private:
  KvCache& cache_;
  const std::vector<Segment>& segments_;
  std::span<const Slot> slots_;
};

/// One new token for each row.
class DecodeContext : public AttentionContext {
 public:
  DecodeContext(KvCache& cache, std::span<const CachedRow> rows, at::Device device);
  at::Tensor attend(int64_t layer, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                    const AttentionParams& params) override;
  bool reads_cache() const override { return true; }
  std::vector<int64_t> lengths() const override;

 private:
  KvCache& cache_;
  std::span<const CachedRow> rows_;
  std::optional<GatherPlan> plan_;  // Layout::kPlain only
};

}  // namespace amalgam
