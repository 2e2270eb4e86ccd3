// Work shared by the threads of ATen's pool.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace amalgam::kernels {

/// Calls work(item, scratch) for every item in [0, items), with a Scratch of the thread's own; a
/// thread takes the next item when it is done with one. Items must not depend on which thread runs
/// them, so that results do not depend on the schedule.
template <class Scratch, class Work>
void for_each_item_with(int64_t items, const Work& work) {
  if (items == 0) return;
  std::atomic<int64_t> next{0};
  at::parallel_for(0, std::min<int64_t>(items, at::get_num_threads()), 1, [&](int64_t, int64_t) {
    Scratch scratch;
    for (int64_t item = next++; item < items; item = next++) work(item, scratch);
    at::native::cpublas::brgemm_release();  // the matrix unit's tile state, where there is one
  });
}

template <class Work>
void for_each_item(int64_t items, const Work& work) {
  struct Nothing {};
  for_each_item_with<Nothing>(items, [&](int64_t item, Nothing&) { work(item); });
}

/// Calls work(begin, end) for parts of [0, rows), each of `size` rows but the last.
template <class Work>
void for_each_part(int64_t rows, int64_t size, const Work& work) {
  for_each_item(at::divup(rows, size),
                [&](int64_t part) { work(part * size, std::min(rows, (part + 1) * size)); });
}

/// The same for work on rows whose results do not depend on how they are cut: parts of 16 to 64
/// rows, so that few of them are shared by the threads too.
template <class Work>
void for_each_rows(int64_t rows, const Work& work) {
  const int64_t threads = at::get_num_threads();
  for_each_part(rows, std::clamp<int64_t>(at::divup(rows, threads), 16, 64), work);
}

inline int64_t round_up(int64_t x, int64_t multiple) { return at::divup(x, multiple) * multiple; }

}  // namespace amalgam::kernels
