// The builds of the loops for older processors against the plain definition: on a new one, the
// other tests see its own build alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/random.h"
#include "tensor/kernels/isa.h"
#include "tensor/kernels/parallel.h"

namespace amalgam::kernels {
namespace {

struct Build {
  const char* name;
  const Loops<float>& floats;
  const Loops<Bf16>& halves;
};

std::vector<Build> builds() {
  std::vector<Build> all = {{"baseline", Baseline::floats(), Baseline::halves()}};
#if defined(__x86_64__)
  if (best_isa() >= Isa::kAvx2) all.push_back({"avx2", Avx2::floats(), Avx2::halves()});
  if (best_isa() >= Isa::kAvx512) all.push_back({"avx512", Avx512::floats(), Avx512::halves()});
#endif
  all.push_back({"best", loops<float>(), loops<Bf16>()});
  return all;
}

std::vector<float> noise(size_t count) {
  RandomStream random(3);
  std::vector<float> values(count);
  for (float& x : values) x = static_cast<float>(random.normal());
  return values;
}

Bf16 upper_half(float x) { return static_cast<Bf16>(std::bit_cast<uint32_t>(x) >> 16); }
float widened(Bf16 x) { return std::bit_cast<float>(static_cast<uint32_t>(x) << 16); }

/// a (rows, depth) times b, which is packed in words (depth / 2, columns).
void expect_thin_product(const Build& build, int64_t rows, int64_t depth, int64_t columns) {
  SCOPED_TRACE(testing::Message() << build.name << " " << rows << " " << depth << " " << columns);
  std::vector<Bf16> a, b;
  for (const float x : noise(static_cast<size_t>(rows * depth))) a.push_back(upper_half(x));
  for (const float x : noise(static_cast<size_t>(depth * columns))) b.push_back(upper_half(x));
  constexpr float kBefore = 0.5F, kBehind = 7;
  std::vector<float> out(static_cast<size_t>(rows * (columns + 1)), kBefore);
  for (int64_t r = 0; r < rows; ++r)
    out[static_cast<size_t>((r + 1) * (columns + 1) - 1)] = kBehind;
  build.halves.thin_product(a.data(), depth, rows, depth / 2, b.data(), columns, b.data(), true,
                            out.data(), columns + 1);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      double sum = kBefore;
      for (int64_t k = 0; k < depth; ++k)
        sum += double{widened(a[static_cast<size_t>(r * depth + k)])} *
               widened(b[static_cast<size_t>((k / 2 * columns + c) * 2 + k % 2)]);
      EXPECT_NEAR(out[static_cast<size_t>(r * (columns + 1) + c)], sum, 1e-4) << r << " " << c;
    }
    EXPECT_EQ(out[static_cast<size_t>((r + 1) * (columns + 1) - 1)], kBehind);
  }
}

TEST(Isa, ThinProducts) {
  for (const Build& build : builds())
    for (const int64_t rows : {1, 2, 4, 7})
      for (const int64_t columns : {16, 24, 64, 80, 101})
        expect_thin_product(build, rows, 24, columns);
}

TEST(Isa, LoopsOverLogits) {
  const std::vector<float> logits = noise(1000 + 5);
  const auto count = std::ssize(logits);
  const float top = *std::max_element(logits.begin(), logits.end());
  for (const Build& build : builds()) {
    SCOPED_TRACE(build.name);
    EXPECT_EQ(build.floats.largest(logits.data(), count), top);
    std::vector<float> broken = logits;
    broken[1003] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_FALSE(std::isfinite(build.floats.largest(broken.data(), count)));

    std::vector<float> weights(static_cast<size_t>(round_up(count, kSummedRun)));
    build.floats.soften(logits.data(), count, top, 2, weights.data());
    for (size_t i = 0; i < logits.size(); ++i)
      EXPECT_NEAR(weights[i], std::exp(2.0 * (logits[i] - top)), 1e-6);

    weights[7] = weights[900] = weights[1004] = 0.25F;
    const std::vector<float> all = weights;
    build.floats.drop_below(weights.data(), count, 0.25F, 900);
    for (size_t i = 0; i < logits.size(); ++i)
      EXPECT_EQ(weights[i], all[i] > 0.25F || (all[i] == 0.25F && i <= 900) ? all[i] : 0) << i;

    std::vector<double> sums(weights.size() / kSummedRun), best(sums.size());
    build.floats.sum_runs(all.data(), std::ssize(sums), sums.data());
    loops<float>().sum_runs(all.data(), std::ssize(best), best.data());
    EXPECT_EQ(sums, best);  // to the bit: what is drawn does not depend on the processor's width
    EXPECT_NEAR(sums[0], std::accumulate(all.begin(), all.begin() + kSummedRun, 0.0), 1e-12);
  }
}

}  // namespace
}  // namespace amalgam::kernels
