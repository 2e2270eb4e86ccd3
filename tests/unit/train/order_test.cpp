#include "train/order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "support.h"

namespace amalgam {
namespace {

TEST(DataOrder, EachEpochSeesEverythingOnce) {
  TrainConfig config;
  config.batch_size = 4;
  config.epochs = 2;
  const DataOrder order(config, 10);
  ASSERT_EQ(order.steps(), 6);
  std::vector<int64_t> all(10);
  std::iota(all.begin(), all.end(), 0);
  std::vector<std::vector<int64_t>> epochs(2);
  for (int64_t k = 0; k < 6; ++k) {
    const std::vector<int64_t> step = order.step(k);
    EXPECT_EQ(step.size(), k % 3 == 2 ? 2 : 4);
    auto& seen = epochs[static_cast<size_t>(k / 3)];
    seen.insert(seen.end(), step.begin(), step.end());
  }
  EXPECT_NE(epochs[0], epochs[1]);
  for (auto& seen : epochs) {
    EXPECT_NE(seen, all);
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(seen, all);
  }
}

TEST(DataOrder, ABatchLargerThanTheDataTakesAll) {
  TrainConfig config;
  config.batch_size = 1000;
  config.epochs = 2.5;
  const DataOrder order(config, 3);
  EXPECT_EQ(order.steps(), 3);
  EXPECT_EQ(order.step(2), (std::vector<int64_t>{0, 1, 2}));
}

TEST(MicroBatches, KeepTheBudgetAndLoseNothing) {
  const std::vector<TrainExample> examples = fixture_examples();
  std::vector<int64_t> indices(examples.size());
  std::iota(indices.begin(), indices.end(), 0);
  for (const bool share_prompts : {true, false}) {
    const auto tokens = [&](const std::vector<int64_t>& batch) {  // of the packed batch
      std::vector<const TokenizedExample*> packed;
      for (const int64_t i : batch) packed.push_back(&examples[static_cast<size_t>(i)].tokens);
      return pack(packed, at::kCPU, {}, share_prompts).tokens();
    };
    const auto batches = micro_batches(examples, indices, {400, share_prompts});
    std::vector<int64_t> seen;
    for (const auto& batch : batches) {
      EXPECT_TRUE(tokens(batch) <= 400 || batch.size() == 1);
      seen.insert(seen.end(), batch.begin(), batch.end());
    }
    EXPECT_GT(batches.size(), 1);
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(seen, indices);
    EXPECT_EQ(micro_batches(examples, indices, {1, share_prompts}).size(), examples.size());
    EXPECT_EQ(micro_batches(examples, indices, {1 << 20, share_prompts}).size(), 1);
  }
}

}  // namespace
}  // namespace amalgam
