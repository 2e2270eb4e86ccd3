// How fast all cores together read memory: the best of a number of passes over a buffer of MIB
// mebibytes, in GB/s on standard output. A buffer far larger than the caches gives the rate of the
// memory, one of the size of a model's weights that of the place where they stay.
// usage: bench_memory_rate MIB
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "core/stopwatch.h"

namespace {

typedef int Ints __attribute__((vector_size(16)));

/// The sum of `count` vectors, a multiple of four.
int read(const Ints* values, int64_t count) {
  Ints sums[4] = {};
  for (int64_t i = 0; i < count; i += 4)
    for (int64_t j = 0; j < 4; ++j) sums[j] += values[i + j];
  const Ints sum = sums[0] + sums[1] + sums[2] + sums[3];
  return sum[0];
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t mib = argc == 2 ? std::atoll(argv[1]) : 0;
  if (mib < 1) {
    std::fprintf(stderr, "usage: bench_memory_rate MIB\n");
    return 2;
  }
  constexpr int kRounds = 10;
  constexpr int64_t kVectors = 1 << 16;  // a MiB
  std::vector<Ints> buffer(static_cast<size_t>(mib * kVectors), Ints{} + 1);
  std::vector<int> sums(static_cast<size_t>(mib));
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    amalgam::Stopwatch watch;
    at::parallel_for(0, mib, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        sums[static_cast<size_t>(i)] = read(buffer.data() + i * kVectors, kVectors);
    });
    best = std::min(best, watch.lap());
  }
  if (sums.back() != kVectors) return 1;
  std::printf("%.1f\n", static_cast<double>(mib << 20) / best / 1e9);
}
