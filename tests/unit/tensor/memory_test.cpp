#include "tensor/memory.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <vector>

namespace amalgam {
namespace {

TEST(Memory, KeptBlocksDoNotOverlapAndAreUsedAgain) {
  const at::Tensor before = at::ones({1 << 20}, at::kFloat);
  keep_tensor_memory();
  // Random lives: each tensor is filled with its number, and must hold it when it goes.
  std::vector<std::pair<at::Tensor, int64_t>> live;
  uint64_t state = 7;
  const auto random = [&](uint64_t n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % n;
  };
  for (int64_t round = 0; round < 2000; ++round) {
    if (live.size() > 20 || (!live.empty() && random(3) == 0)) {
      const size_t i = random(live.size());
      EXPECT_TRUE(live[i].first.eq(live[i].second).all().item<bool>());
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      const auto size = static_cast<int64_t>(random(700000));
      live.emplace_back(at::full({size}, round, at::kInt), round);
    }
  }
  live.clear();
  EXPECT_TRUE(before.eq(1).all().item<bool>());

#if !defined(__SANITIZE_ADDRESS__)  // which must see each block come and go
  const void* address = at::ones({1 << 20}, at::kFloat).data_ptr();
  EXPECT_EQ(at::ones({1 << 20}, at::kFloat).data_ptr(), address);
#endif
  // ATen's own scratch memory comes from the same place.
  const at::Tensor a = at::ones({300, 1000}, at::kBFloat16);
  EXPECT_EQ(at::mm(a, a.t()).to(at::kFloat).sum().item<double>(), 1000.0 * 300 * 300);
}

}  // namespace
}  // namespace amalgam
