// What the forward and the backward share: the two key ranges of a segment and what a tile may see.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tensor/kernels/loops.h"
#include "tensor/ops.h"

namespace amalgam::kernels {

// Rows of a span of keys lie this much further apart than the span is wide: at a power of two they
// would compete for few lines of the cache.
constexpr int64_t kSpanGap = 16;

/// Query heads that share a key/value head and are computed together: all, or the most that leave
/// a block of `largest` query heads at most.
inline int64_t stacked_heads(int64_t repeat, int64_t largest) {
  int64_t heads = std::min(repeat, largest);
  while (repeat % heads != 0) --heads;
  return heads;
}

/// The keys of a prefix, or of the segment itself, as a segment's queries see them. Query i of the
/// segment stands at position prefix + i, key j at position first_position + j.
struct KeyRange {
  int64_t prefix = 0;          // tokens before the segment's first
  int64_t first_position = 0;  // of key 0
  int64_t keys = 0;
  int64_t window = 0;

  bool own() const { return first_position == prefix && keys > 0; }
  /// Keys [begin, end) that query i sees; may be empty.
  int64_t begin(int64_t i) const {
    return window > 0 ? std::max<int64_t>(0, prefix + i - window + 1 - first_position) : 0;
  }
  int64_t end(int64_t i) const {
    return std::clamp<int64_t>(prefix + i + 1 - first_position, 0, keys);
  }
  /// Queries [first_query, last_query) that see key j, of those in [0, queries).
  int64_t first_query(int64_t j) const { return std::max<int64_t>(0, first_position + j - prefix); }
  int64_t last_query(int64_t j, int64_t queries) const {
    return window > 0 ? std::min(queries, first_position + j + window - prefix) : queries;
  }
};

/// The prefix, then the segment.
struct KeyRanges {
  KeyRange range[2];
  KeyRanges(const Segment& segment, int64_t window)
      : range{{segment.prefix(), 0, segment.prefix(), window},
              {segment.prefix(), segment.prefix(), segment.length(), window}} {}
};

inline Visible clip(int64_t begin, int64_t end, int64_t offset, int64_t width) {
  const int64_t first = std::clamp<int64_t>(begin - offset, 0, width);
  return {static_cast<int32_t>(first),
          static_cast<int32_t>(std::clamp<int64_t>(end - offset, first, width))};
}

/// The segment that is the prefix of segment s, found backwards; s itself where there is none; -1
/// where no segment is exactly the prefix.
inline int64_t prefix_segment(const std::vector<Segment>& segments, int64_t s) {
  const Segment& wanted = segments[static_cast<size_t>(s)];
  if (wanted.prefix() == 0) return s;
  for (int64_t i = s; i-- > 0;) {
    const Segment& candidate = segments[static_cast<size_t>(i)];
    if (candidate.begin == wanted.prefix_begin && candidate.end == wanted.prefix_end)
      return candidate.prefix() == 0 ? i : -1;
  }
  return -1;
}

}  // namespace amalgam::kernels
