#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <cstring>

#include "tensor/kernels/attention.h"
#include "tensor/kernels/attention_tiles.h"
#include "tensor/kernels/parallel.h"
#include "tensor/kernels/product.h"

namespace amalgam::kernels {
namespace {

/// A segment without prefix and those that have it as their prefix: one item for a key/value head,
/// so that the gradients of shared keys are summed by one thread in a fixed order.
struct Group {
  std::vector<int64_t> members;
  int64_t cost = 0;
};

std::vector<Group> group_segments(const std::vector<Segment>& segments) {
  std::vector<Group> groups;
  std::vector<size_t> group_of(segments.size());
  for (size_t s = 0; s < segments.size(); ++s) {
    const auto index = static_cast<int64_t>(s);
    const int64_t prefix = prefix_segment(segments, index);
    if (prefix == index) groups.emplace_back();
    group_of[s] = prefix == index ? groups.size() - 1 : group_of[static_cast<size_t>(prefix)];
    Group& group = groups[group_of[s]];
    group.members.push_back(index);
    group.cost += segments[s].length() * (segments[s].length() / 2 + segments[s].prefix());
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const Group& a, const Group& b) { return a.cost > b.cost; });
  return groups;
}

constexpr int64_t kSpan = 256;  // keys of a block at most
constexpr int64_t kStack = 2;   // query heads of a block at most
constexpr int64_t kStride = kSpan + kSpanGap;

/// A block of 64 queries of some heads that share their keys, and its scores with a span of keys,
/// in the layouts the products want. Scores are computed transposed, (keys, queries): then P^T and
/// dS^T stand as dV and dK need them. Query r of head h is column 64 h + r.
template <class T>
struct Scratch {
  std::vector<T> query_words, dout_words;  // transposed: [d words][queries]
  std::vector<T> query_pairs, dout_pairs;  // paired rows: [queries / pair][d words]
  std::vector<float> dq;                   // (d, queries), then (64, d)
  float lse[kStack * kTile], delta[kStack * kTile];
  std::vector<float> scores, dp;  // (keys, queries)
  std::vector<T> weights, ds, ds_pairs;
  Visible visible[kSpan];

  void resize(int64_t queries, int64_t d) {
    for (auto* buffer : {&query_words, &dout_words, &query_pairs, &dout_pairs})
      buffer->resize(static_cast<size_t>(queries * d));
    dq.resize(static_cast<size_t>((queries + kTile) * d));
    for (auto* buffer : {&scores, &dp}) buffer->resize(static_cast<size_t>(kSpan * queries));
    for (auto* buffer : {&weights, &ds, &ds_pairs})
      buffer->resize(static_cast<size_t>(kSpan * queries));
  }
};

/// The keys and values of a group for one head, and their gradients.
template <class T>
struct GroupKeys {
  std::vector<int64_t> offsets;  // of each member, padded to whole tiles
  std::vector<int64_t> spans;    // of each member, the first
  at::Tensor keys, values;       // (padded, d)
  at::Tensor transposed;         // (spans, d, kStride)
  at::Tensor dk, dv;             // (padded, d) fp32

  /// Of member m, from `key` to the end of its span: (d, kStride).
  T* columns(size_t m, int64_t key) const {
    return data<T>(transposed) + (spans[m] + key / kSpan) * keys.size(1) * kStride + key % kSpan;
  }
};

template <class T>
GroupKeys<T> gather_keys(const AttentionSaved& saved, const std::vector<Segment>& segments,
                         const Group& group, int64_t head) {
  const int64_t d = saved.k.size(2);
  GroupKeys<T> gathered;
  int64_t total = 0, spans = 0;
  for (const int64_t member : group.members) {
    const int64_t length = segments[static_cast<size_t>(member)].length();
    gathered.offsets.push_back(total);
    gathered.spans.push_back(spans);
    total += round_up(length, kTile);
    spans += at::divup(length, kSpan);
  }
  gathered.keys = at::zeros({total, d}, saved.k.options());
  gathered.values = at::zeros({total, d}, saved.k.options());
  gathered.transposed = at::empty({spans, d, kStride}, saved.k.options());
  gathered.dk = at::zeros({total, d}, at::kFloat);
  gathered.dv = at::zeros({total, d}, at::kFloat);
  for (size_t m = 0; m < group.members.size(); ++m) {
    const Segment& segment = segments[static_cast<size_t>(group.members[m])];
    const int64_t offset = gathered.offsets[m] * d;
    const T* key = data<T>(saved.k) + segment.begin * saved.k.stride(0) + head * d;
    const T* value = data<T>(saved.v) + segment.begin * saved.v.stride(0) + head * d;
    for (int64_t j = 0; j < segment.length(); ++j) {
      std::memcpy(data<T>(gathered.keys) + offset + j * d, key + j * saved.k.stride(0),
                  sizeof(T) * d);
      std::memcpy(data<T>(gathered.values) + offset + j * d, value + j * saved.v.stride(0),
                  sizeof(T) * d);
    }
    for (int64_t j = 0; j < segment.length(); j += kTile)
      loops<T>().transpose(key + j * saved.k.stride(0), saved.k.stride(0),
                           std::min(kTile, segment.length() - j), d, gathered.columns(m, j),
                           kStride, kTile);
  }
  return gathered;
}

template <class T>
class Backward {
 public:
  Backward(const at::Tensor& dout, const AttentionSaved& saved,
           const std::vector<Segment>& segments, const AttentionParams& params,
           const at::Tensor& dq, const at::Tensor& dk, const at::Tensor& dv)
      : dout_(dout),
        saved_(saved),
        segments_(segments),
        params_(params),
        dq_(dq),
        dk_(dk),
        dv_(dv),
        heads_(saved.q.size(1)),
        kv_heads_(saved.k.size(1)),
        d_(saved.q.size(2)),
        stack_(stacked_heads(heads_ / kv_heads_, kStack)),
        queries_(stack_ * kTile) {}

  void run() {
    const std::vector<Group> groups = group_segments(segments_);
    for_each_item_with<std::unique_ptr<Scratch<T>>>(
        static_cast<int64_t>(groups.size()) * kv_heads_, [&](int64_t item, auto& scratch) {
          if (!scratch) scratch = std::make_unique<Scratch<T>>();
          scratch->resize(queries_, d_);
          one_group(groups[static_cast<size_t>(item / kv_heads_)], item % kv_heads_, *scratch);
        });
  }

 private:
  void one_group(const Group& group, int64_t kv_head, Scratch<T>& scratch) {
    const GroupKeys<T> keys = gather_keys<T>(saved_, segments_, group, kv_head);
    const int64_t repeat = heads_ / kv_heads_;
    for (size_t m = 0; m < group.members.size(); ++m) {
      const Segment& segment = segments_[static_cast<size_t>(group.members[m])];
      for (int64_t head = kv_head * repeat; head < (kv_head + 1) * repeat; head += stack_)
        for (int64_t first = 0; first < segment.length(); first += kTile)
          one_block(segment, m, head, first, keys, scratch);
    }
    for (size_t m = 0; m < group.members.size(); ++m) {
      const Segment& segment = segments_[static_cast<size_t>(group.members[m])];
      const auto store = [&](const at::Tensor& sums, const at::Tensor& out) {
        loops<T>().store_tile(data<float>(sums) + keys.offsets[m] * d_, d_, segment.length(), d_,
                              nullptr, data<T>(out) + segment.begin * out.stride(0) + kv_head * d_,
                              out.stride(0));
      };
      store(keys.dk, dk_);
      store(keys.dv, dv_);
    }
  }

  void load_block(int64_t first_head, int64_t token, int64_t rows, Scratch<T>& s) const {
    constexpr int64_t kPerWord = 4 / sizeof(T);
    const int64_t ld_q = saved_.q.stride(0), ld_o = heads_ * d_;
    const Loops<T>& run = loops<T>();
    std::fill_n(s.lse, queries_, 0.0f);
    std::fill_n(s.delta, queries_, 0.0f);
    for (int64_t h = 0; h < stack_; ++h) {
      const int64_t head = first_head + h, column = h * kTile;
      const T* q = data<T>(saved_.q) + token * ld_q + head * d_;
      const T* dout = data<T>(dout_) + token * ld_o + head * d_;
      const T* out = data<T>(saved_.out) + token * ld_o + head * d_;
      run.transpose_words(q, ld_q / kPerWord, rows, d_ / kPerWord,
                          s.query_words.data() + column * kPerWord, queries_, kTile);
      run.transpose_words(dout, ld_o / kPerWord, rows, d_ / kPerWord,
                          s.dout_words.data() + column * kPerWord, queries_, kTile);
      run.pair_rows(q, ld_q, rows, d_, s.query_pairs.data() + column * d_, d_, kTile, d_);
      run.pair_rows(dout, ld_o, rows, d_, s.dout_pairs.data() + column * d_, d_, kTile, d_);
      std::copy_n(data<float>(saved_.lse) + head * saved_.q.size(0) + token, rows, s.lse + column);
      run.row_dots(dout, ld_o, out, ld_o, rows, d_, s.delta + column);
    }
  }

  void one_block(const Segment& segment, size_t member, int64_t first_head, int64_t first,
                 const GroupKeys<T>& keys, Scratch<T>& s) const {
    const int64_t rows = std::min(kTile, segment.length() - first), token = segment.begin + first;
    const ScoreScale scale{static_cast<float>(params_.scale), static_cast<float>(params_.softcap)};
    load_block(first_head, token, rows, s);
    bool first_span = true;
    const KeyRanges ranges(segment, params_.window);
    for (const KeyRange& range : ranges.range) {
      const size_t source = range.own() ? member : 0;  // the prefix is the group's first member
      const int64_t last = range.end(first + rows - 1);
      for (int64_t key = range.begin(first) / kTile * kTile, count; key < last; key += count) {
        count = std::min(kSpan - key % kSpan, last - key);
        const int64_t padded = round_up(count, 16), at = (keys.offsets[source] + key) * d_;
        multiply(padded, queries_, d_, data<T>(keys.keys) + at, d_, s.query_words.data(), queries_,
                 false, s.scores.data(), queries_);
        multiply(padded, queries_, d_, data<T>(keys.values) + at, d_, s.dout_words.data(), queries_,
                 false, s.dp.data(), queries_);
        for (int64_t j = 0; j < padded; ++j)
          s.visible[j] = j < count ? clip(range.first_query(key + j),
                                          range.last_query(key + j, first + rows), first, rows)
                                   : Visible{};
        loops<T>().softmax_gradient(s.scores.data(), s.dp.data(), padded, stack_, s.visible, scale,
                                    s.lse, s.delta, s.weights.data(), s.ds.data(),
                                    s.ds_pairs.data());
        multiply(padded, d_, queries_, s.weights.data(), queries_, s.dout_pairs.data(), d_, true,
                 data<float>(keys.dv) + at, d_);
        multiply(padded, d_, queries_, s.ds.data(), queries_, s.query_pairs.data(), d_, true,
                 data<float>(keys.dk) + at, d_);
        multiply(d_, queries_, padded, keys.columns(source, key), kStride, s.ds_pairs.data(),
                 queries_, !first_span, s.dq.data(), queries_);
        first_span = false;
      }
    }
    float* turned = s.dq.data() + queries_ * d_;
    for (int64_t h = 0; h < stack_; ++h) {
      loops<float>().transpose_words(s.dq.data() + h * kTile, queries_, d_, kTile, turned, d_, d_);
      loops<T>().store_tile(turned, d_, rows, d_, nullptr,
                            data<T>(dq_) + token * dq_.stride(0) + (first_head + h) * d_,
                            dq_.stride(0));
    }
  }

  const at::Tensor& dout_;
  const AttentionSaved& saved_;
  const std::vector<Segment>& segments_;
  const AttentionParams& params_;
  const at::Tensor &dq_, &dk_, &dv_;
  const int64_t heads_, kv_heads_, d_;
  const int64_t stack_, queries_;  // heads and queries of a block
};

}  // namespace

void attention_backward(const at::Tensor& dout, const AttentionSaved& saved,
                        const std::vector<Segment>& segments, const AttentionParams& params,
                        const at::Tensor& dq, const at::Tensor& dk, const at::Tensor& dv) {
  with_storage(saved.q.scalar_type(), [&](auto type) {
    Backward<decltype(type)>(dout, saved, segments, params, dq, dk, dv).run();
  });
}

}  // namespace amalgam::kernels
