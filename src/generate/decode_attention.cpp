// One task is a key head and the rows of one prompt: their queries go over the prompt's pages
// together, then each row's over its own. The softmax is taken page by page with a running maximum
// (Milakov and Gimelshein, arXiv 1805.02867; Dao et al., arXiv 2205.14135, algorithm 1), in fp32.
#include "generate/decode_attention.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "core/error.h"
#include "generate/simd.h"
#include "tensor/kernels/parallel.h"

namespace amalgam {
namespace {

using simd::Floats;
using simd::Ints;
using simd::kLanes;

constexpr float kNone = -std::numeric_limits<float>::infinity();
constexpr int64_t kVectors = kPageTokens / kLanes;  // vectors that hold a page's scores

/// Rows [begin, end) share a prompt.
struct Group {
  int64_t begin, end;
};

/// What all tasks of a call share. Sizes as in decode_attention.h.
struct Call {
  const void *q, *keys, *values;
  void* out;
  const CachedRow* rows;
  int64_t heads, kv_heads, key_size, value_size, value_row;
  float scale, softcap;
  int64_t window;
};

/// The running softmax of the queries of a task: query i is head i % (H / G) of row i / (H / G).
struct Running {
  float* queries;  // (n, dk), scaled
  float* sums;     // (n, value_row): weighted values
  float* totals;   // (n, 16): sums of weights, by lane
  float* maxima;   // (n)
};

/// Elements 0...15 and 16...31 of 32 that lie in the order of lane_of().
AMALGAM_INLINE void load_pair(Floats& a, Floats& b, const float* from) {
  simd::load(a, from);
  simd::load(b, from + kLanes);
}
AMALGAM_INLINE void load_pair(Floats& a, Floats& b, const at::BFloat16* from) {
  Ints words;
  std::memcpy(&words, from, sizeof(words));
  const Ints low = words << 16, high = words & static_cast<int32_t>(0xffff0000);
  std::memcpy(&a, &low, sizeof(a));
  std::memcpy(&b, &high, sizeof(b));
}

AMALGAM_INLINE float number(float x) { return x; }
AMALGAM_INLINE float number(at::BFloat16 x) {
  const uint32_t bits = static_cast<uint32_t>(x.x) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

/// scores[n] = q[n] . key for the 64 keys of a page (dk, 64).
template <int N, class T>
AMALGAM_INLINE void score_page(const float* q, const T* page, int64_t key_size,
                               Floats (&scores)[N][kVectors]) {
  Floats sums[N][kVectors] = {};  // a local array stays in registers
  for (int64_t i = 0; i < key_size; ++i) {
    Floats k[kVectors];
#pragma GCC unroll 4
    for (int64_t j = 0; j < kVectors; j += 2)
      load_pair(k[j], k[j + 1], page + i * kPageTokens + j * kLanes);
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n)
#pragma GCC unroll 4
      for (int64_t j = 0; j < kVectors; ++j) sums[n][j] += q[n * key_size + i] * k[j];
  }
  std::memcpy(scores, sums, sizeof(sums));
}

/// Turns the scores of keys [low, high) into weights under the running maximum; others get 0.
/// Returns the factor that what was summed before must be multiplied by.
AMALGAM_INLINE float weigh(Floats (&scores)[kVectors], int64_t low, int64_t high, float softcap,
                           float& maximum, float* totals) {
  Ints lane;
  for (int32_t i = 0; i < kLanes; ++i) lane[i] = i;
  Floats best = Floats{} + kNone;
  for (int64_t j = 0; j < kVectors; ++j) {
    Floats s = scores[j];
    if (softcap > 0) {  // cap tanh(s / cap) = cap sign(s) (1 - e) / (1 + e), e = exp(-2 |s| / cap)
      const Ints negative = s < 0.0F;
      Floats e = (negative ? s : -s) * (2 / softcap);
      simd::exponential(e);
      const Floats capped = softcap * (1.0F - e) / (1.0F + e);
      s = negative ? -capped : capped;
    }
    const Ints index = lane + static_cast<int32_t>(j * kLanes);
    const Ints seen = (index >= static_cast<int32_t>(low)) & (index < static_cast<int32_t>(high));
    s = seen ? s : Floats{} + kNone;
    best = s > best ? s : best;
    scores[j] = s;
  }
  const float top = std::max(maximum, simd::maximum(best));
  const float factor = maximum == top ? 1.0F : std::exp(maximum - top);
  maximum = top;
  Floats total;
  simd::load(total, totals);
  total *= factor;
  for (int64_t j = 0; j < kVectors; ++j) {
    scores[j] -= top;
    simd::exponential(scores[j]);
    total += scores[j];
  }
  simd::store(total, totals);
  return factor;
}

/// sums[n] = sums[n] * factor[n] + weights[n] . values over `keys` rows of a page (64, value_row),
/// for 32 columns.
template <int N, class T>
AMALGAM_INLINE void add_columns(const float (&weights)[N][kPageTokens], const float (&factors)[N],
                                const T* page, int64_t value_row, int64_t low, int64_t high,
                                float* sums) {
  Floats a[N], b[N];
#pragma GCC unroll 4
  for (int n = 0; n < N; ++n) {
    load_pair(a[n], b[n], sums + n * value_row);
    a[n] *= factors[n];
    b[n] *= factors[n];
  }
  for (int64_t key = low; key < high; ++key) {
    Floats u, v;
    load_pair(u, v, page + key * value_row);
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
      a[n] += weights[n][key] * u;
      b[n] += weights[n][key] * v;
    }
  }
#pragma GCC unroll 4
  for (int n = 0; n < N; ++n) {
    simd::store(a[n], sums + n * value_row);
    simd::store(b[n], sums + n * value_row + kLanes);
  }
}

/// Queries first ... first + N - 1 meet keys [low, high) of one page.
template <int N, class T>
AMALGAM_INLINE void meet_page(const Call& call, const Running& run, int64_t first, int64_t head,
                              int64_t page, int64_t low, int64_t high) {
  const int64_t place = page * call.kv_heads + head;
  Floats scores[N][kVectors];
  score_page<N>(run.queries + first * call.key_size,
                static_cast<const T*>(call.keys) + place * call.key_size * kPageTokens,
                call.key_size, scores);
  float weights[N][kPageTokens], factors[N];
  for (int n = 0; n < N; ++n) {
    factors[n] = weigh(scores[n], low, high, call.softcap, run.maxima[first + n],
                       run.totals + (first + n) * kLanes);
    std::memcpy(weights[n], scores[n], sizeof(weights[n]));
  }
  const T* values = static_cast<const T*>(call.values) + place * kPageTokens * call.value_row;
  for (int64_t c = 0; c < call.value_row; c += 2 * kLanes)
    add_columns<N>(weights, factors, values + c, call.value_row, low, high,
                   run.sums + first * call.value_row + c);
}

/// Queries [first, last) meet the keys of `pages`: positions from `begin` on, `tokens` of them, of
/// which those below `oldest` are out of the window.
template <class T>
AMALGAM_INLINE void meet(const Call& call, const Running& run, int64_t first, int64_t last,
                         int64_t head, const Pages& pages, int64_t begin, int64_t tokens,
                         int64_t oldest) {
  for (int64_t p = std::max<int64_t>(oldest - begin, 0) / kPageTokens; p * kPageTokens < tokens;
       ++p) {
    const int64_t low = std::max<int64_t>(oldest - begin - p * kPageTokens, 0);
    const int64_t high = std::min(tokens - p * kPageTokens, kPageTokens);
    if (low >= high) break;  // all of them are out of the window
    const int64_t page = pages[static_cast<size_t>(p)];
    int64_t i = first;
    for (; i + 4 <= last; i += 4) meet_page<4, T>(call, run, i, head, page, low, high);
    for (; i + 2 <= last; i += 2) meet_page<2, T>(call, run, i, head, page, low, high);
    for (; i < last; ++i) meet_page<1, T>(call, run, i, head, page, low, high);
  }
}

AMALGAM_SIMD void meet_fp32(const Call& call, const Running& run, int64_t first, int64_t last,
                            int64_t head, const Pages& pages, int64_t begin, int64_t tokens,
                            int64_t oldest) {
  meet<float>(call, run, first, last, head, pages, begin, tokens, oldest);
}
AMALGAM_SIMD void meet_bf16(const Call& call, const Running& run, int64_t first, int64_t last,
                            int64_t head, const Pages& pages, int64_t begin, int64_t tokens,
                            int64_t oldest) {
  meet<at::BFloat16>(call, run, first, last, head, pages, begin, tokens, oldest);
}

template <class T>
void run_task(const Call& call, const Group& group, int64_t head, float* scratch) {
  constexpr auto meet_keys = std::is_same_v<T, float> ? meet_fp32 : meet_bf16;
  const int64_t share = call.heads / call.kv_heads;  // query heads that read this key head
  const int64_t count = (group.end - group.begin) * share;
  Running run;
  run.queries = scratch;
  run.sums = run.queries + count * call.key_size;
  run.totals = run.sums + count * call.value_row;
  run.maxima = run.totals + count * kLanes;
  std::fill(run.sums, run.maxima, 0.0F);
  std::fill(run.maxima, run.maxima + count, kNone);
  const auto query_row = [&](int64_t i) {  // in q and out
    return (group.begin + i / share) * call.heads + head * share + i % share;
  };
  for (int64_t i = 0; i < count; ++i) {
    const T* q = static_cast<const T*>(call.q) + query_row(i) * call.key_size;
    for (int64_t j = 0; j < call.key_size; ++j)
      run.queries[i * call.key_size + j] = number(q[j]) * call.scale;
  }

  // Without a window all rows see the whole prompt and go over it together.
  const CachedRow& one = call.rows[group.begin];
  if (call.window == 0)
    meet_keys(call, run, 0, count, head, *one.prompt_pages, 0, one.prompt_tokens, 0);
  for (int64_t r = group.begin; r < group.end; ++r) {
    const CachedRow& row = call.rows[r];
    const int64_t first = (r - group.begin) * share, last = first + share;
    const int64_t oldest = call.window > 0 ? row.tokens() - call.window : 0;
    if (call.window > 0)
      meet_keys(call, run, first, last, head, *row.prompt_pages, 0, row.prompt_tokens, oldest);
    meet_keys(call, run, first, last, head, *row.own_pages, row.prompt_tokens, row.own_tokens,
              oldest);
  }

  for (int64_t i = 0; i < count; ++i) {
    Floats total;
    simd::load(total, run.totals + i * kLanes);
    const float inverse = 1 / simd::sum(total);
    T* out = static_cast<T*>(call.out) + query_row(i) * call.value_size;
    for (int64_t j = 0; j < call.value_size; ++j)
      out[j] = static_cast<T>(run.sums[i * call.value_row + j] * inverse);
  }
}

}  // namespace

at::Tensor decode_attention(const at::Tensor& q, const KvCache::Layer& layer,
                            std::span<const CachedRow> rows, const AttentionParams& params) {
  const at::Tensor queries = q.contiguous();
  at::Tensor out = at::empty({q.size(0), q.size(1), layer.value_size}, q.options());
  const Call call = {.q = queries.const_data_ptr(),
                     .keys = layer.keys.const_data_ptr(),
                     .values = layer.values.const_data_ptr(),
                     .out = out.mutable_data_ptr(),
                     .rows = rows.data(),
                     .heads = q.size(1),
                     .kv_heads = layer.keys.size(1),
                     .key_size = q.size(2),
                     .value_size = layer.value_size,
                     .value_row = layer.values.size(3),
                     .scale = static_cast<float>(params.scale),
                     .softcap = static_cast<float>(params.softcap),
                     .window = params.window};
  std::vector<Group> groups;
  int64_t widest = 0;
  for (int64_t r = 0; r < q.size(0); ++r) {
    if (groups.empty() || rows[r].prompt_pages != rows[r - 1].prompt_pages)
      groups.push_back({r, r});
    groups.back().end = r + 1;
    widest = std::max(widest, r + 1 - groups.back().begin);
  }
  const int64_t query_floats = call.key_size + call.value_row + kLanes + 1;
  const auto tasks = static_cast<int64_t>(groups.size()) * call.kv_heads;
  const auto run = q.scalar_type() == at::kFloat ? run_task<float> : run_task<at::BFloat16>;
  const int64_t floats = widest * (call.heads / call.kv_heads) * query_floats;
  kernels::for_each_item(tasks, [&](int64_t task) {
    thread_local std::vector<float> scratch;
    if (scratch.size() < static_cast<size_t>(floats)) scratch.resize(static_cast<size_t>(floats));
    run(call, groups[static_cast<size_t>(task / call.kv_heads)], task % call.kv_heads,
        scratch.data());
  });
  return out;
}

}  // namespace amalgam
