// Work that is done in batches.
#pragma once

#include <cstddef>
#include <cstdint>

namespace amalgam {

/// Calls take(first, end) for ranges that make up [0, count) in order: each as long as the sum of
/// tokens(i, first), of item i in a range that begins at `first`, is at most `budget`, but never
/// empty.
template <class Tokens, class Take>
void for_each_batch(size_t count, int64_t budget, const Tokens& tokens, const Take& take) {
  for (size_t first = 0; first < count;) {
    size_t end = first;
    for (int64_t sum = 0; end < count; ++end) {
      sum += tokens(end, first);
      if (end > first && sum > budget) break;
    }
    take(first, end);
    first = end;
  }
}

}  // namespace amalgam
