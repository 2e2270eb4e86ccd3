#include <ATen/ops/empty.h>

#include <cstring>

#include "tensor/kernels/attention.h"
#include "tensor/kernels/attention_tiles.h"
#include "tensor/kernels/parallel.h"
#include "tensor/kernels/product.h"

namespace amalgam::kernels {
namespace {

constexpr int64_t kSpan = 512;  // keys a softmax block takes in at once

template <class T>
struct Scratch {
  std::vector<T> queries, weights;
  std::vector<float> scores, sums;
  float maximum[kTile], sum[kTile];
  Visible visible[kTile];
};

/// Keys and values of all segments, packed once and read by all query heads and responses.
template <class T>
struct PackedKeys {
  std::vector<int64_t> offsets;  // of a segment's first key; segments are padded to whole tiles
  int64_t total = 0, d = 0;
  at::Tensor keys;    // (G, tiles, d words, 64): transposed tiles
  at::Tensor values;  // (G, total words, d): paired rows

  const T* key_tile(int64_t group, int64_t segment, int64_t key) const {
    return data<T>(keys) + (group * total + offsets[static_cast<size_t>(segment)] + key) * d;
  }
  const T* value_rows(int64_t group, int64_t segment, int64_t key) const {
    return data<T>(values) + (group * total + offsets[static_cast<size_t>(segment)] + key) * d;
  }
};

template <class T>
PackedKeys<T> pack_keys(const at::Tensor& k, const at::Tensor& v,
                        const std::vector<Segment>& segments) {
  constexpr int64_t kPerWord = 4 / sizeof(T);
  PackedKeys<T> packed;
  for (const Segment& segment : segments) {
    packed.offsets.push_back(packed.total);
    packed.total += round_up(segment.length(), kTile);
  }
  const int64_t groups = k.size(1), d = k.size(2);
  packed.d = d;
  packed.keys = at::empty({groups, packed.total * d}, k.options());
  packed.values = at::empty({groups, packed.total * d}, k.options());
  for_each_item(static_cast<int64_t>(segments.size()) * groups, [&](int64_t item) {
    const int64_t index = item / groups, group = item % groups;
    const Segment& segment = segments[static_cast<size_t>(index)];
    const T* key = data<T>(k) + segment.begin * k.stride(0) + group * d;
    const T* value = data<T>(v) + segment.begin * v.stride(0) + group * d;
    for (int64_t j = 0; j < segment.length(); j += kTile)
      loops<T>().transpose_words(key + j * k.stride(0), k.stride(0) / kPerWord,
                                 std::min(kTile, segment.length() - j), d / kPerWord,
                                 const_cast<T*>(packed.key_tile(group, index, j)), kTile, kTile);
    loops<T>().pair_rows(value, v.stride(0), segment.length(), d,
                         const_cast<T*>(packed.value_rows(group, index, 0)), d,
                         round_up(segment.length(), kTile), d);
  });
  return packed;
}

}  // namespace

bool attention_available(const at::Tensor& q, const std::vector<Segment>& segments) {
  if (!q.is_cpu() || !products_available(q.scalar_type()) || q.size(2) % 2 != 0) return false;
  for (size_t s = 0; s < segments.size(); ++s)
    if (prefix_segment(segments, static_cast<int64_t>(s)) < 0) return false;
  return true;
}

template <class T>
static void forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                    const std::vector<Segment>& segments, const AttentionParams& params,
                    const at::Tensor& out, const at::Tensor& lse) {
  const int64_t tokens = q.size(0), heads = q.size(1), groups = k.size(1), d = q.size(2);
  const int64_t repeat = heads / groups;
  const ScoreScale scale{static_cast<float>(params.scale), static_cast<float>(params.softcap)};
  const PackedKeys<T> packed = pack_keys<T>(k, v, segments);

  struct Item {
    int64_t segment, first;  // queries [first, first + 64) of the segment
  };
  std::vector<Item> items;
  for (size_t s = 0; s < segments.size(); ++s)
    for (int64_t first = 0; first < segments[s].length(); first += kTile)
      items.push_back({static_cast<int64_t>(s), first});

  const auto one_head = [&](const Item& item, int64_t head, Scratch<T>& scratch) {
    const Segment& segment = segments[static_cast<size_t>(item.segment)];
    const int64_t rows = std::min(kTile, segment.length() - item.first);
    const int64_t padded = round_up(rows, 16), token = segment.begin + item.first;
    std::fill_n(scratch.queries.data(), kTile * d, T{});
    for (int64_t r = 0; r < rows; ++r)
      std::memcpy(scratch.queries.data() + r * d, data<T>(q) + (token + r) * q.stride(0) + head * d,
                  sizeof(T) * d);
    std::fill_n(scratch.maximum, kTile, -1e30f);
    std::fill_n(scratch.sum, kTile, 0.0f);
    const KeyRanges ranges(segment, params.window);
    bool first_block = true;
    for (const KeyRange& range : ranges.range) {
      const int64_t source = range.own() ? item.segment : prefix_segment(segments, item.segment);
      const int64_t last = range.end(item.first + rows - 1);
      for (int64_t key = range.begin(item.first) / kTile * kTile; key < last; key += kSpan) {
        const int64_t width = std::min(kSpan, round_up(last - key, kTile));
        for (int64_t c = 0; c < width; c += kTile)
          multiply(padded, kTile, d, scratch.queries.data(), d,
                   packed.key_tile(head / repeat, source, key + c), kTile, false,
                   scratch.scores.data() + c, kSpan);
        for (int64_t r = 0; r < padded; ++r) {
          const int64_t i = item.first + r;
          scratch.visible[r] =
              r < rows ? clip(range.begin(i), range.end(i), key, width) : Visible{};
        }
        loops<T>().softmax_block(scratch.scores.data(), kSpan, padded, width, scratch.visible,
                                 scale, scratch.maximum, scratch.sum, scratch.weights.data(), kSpan,
                                 scratch.sums.data(), d);
        multiply(padded, d, width, scratch.weights.data(), kSpan,
                 packed.value_rows(head / repeat, source, key), d, !first_block,
                 scratch.sums.data(), d);
        first_block = false;
      }
    }
    loops<T>().softmax_finish(scratch.sums.data(), rows, d, scratch.maximum, scratch.sum,
                              data<T>(out) + (token * heads + head) * d, heads * d,
                              data<float>(lse) + head * tokens + token);
  };

  for_each_item_with<Scratch<T>>(
      static_cast<int64_t>(items.size()) * heads, [&](int64_t item, Scratch<T>& scratch) {
        scratch.queries.resize(static_cast<size_t>(kTile * d));
        scratch.sums.resize(static_cast<size_t>(kTile * d));
        scratch.weights.resize(kTile * kSpan);
        scratch.scores.resize(kTile * kSpan);
        one_head(items[static_cast<size_t>(item / heads)], item % heads, scratch);
      });
}

void attention_forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                       const std::vector<Segment>& segments, const AttentionParams& params,
                       const at::Tensor& out, const at::Tensor& lse) {
  with_storage(q.scalar_type(),
               [&](auto type) { forward<decltype(type)>(q, k, v, segments, params, out, lse); });
}

}  // namespace amalgam::kernels
