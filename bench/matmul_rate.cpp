// The machine's matrix rate: the best of a number of bf16 products of 2048-cubes, in GFLOP/s on
// standard output. Speeds of everything else are read beside it.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

int main() {
  using Clock = std::chrono::steady_clock;
  constexpr int64_t kSize = 2048;
  constexpr int kWarmUp = 3, kRounds = 20;
  const at::Tensor a = at::randn({kSize, kSize}).to(at::kBFloat16);  // (2048, 2048)
  const at::Tensor b = at::randn({kSize, kSize}).to(at::kBFloat16);  // (2048, 2048)
  double best = 1e9;
  for (int round = -kWarmUp; round < kRounds; ++round) {
    const auto start = Clock::now();
    at::mm(a, b);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (round >= 0) best = std::min(best, seconds);
  }
  std::printf("%.0f\n", 2.0 * kSize * kSize * kSize / best / 1e9);
}
