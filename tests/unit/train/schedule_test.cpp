#include "train/schedule.h"

#include <gtest/gtest.h>

#include "support.h"

namespace amalgam {
namespace {

// The trainer logs the learning rate after its scheduler has moved on: what step k + 1 will use.
TEST(LearningRate, EqualsTheOfficialTrainers) {
  for (const char* name : {"wrpo_official_dynamic", "wrpo_official_static"}) {
    const fs::path file = training_fixture(name) / "trace.json";
    const Json trace = parse_json(read_file(file), file.string());
    TrainConfig config;
    config.lr = trace["lr"];
    config.warmup_ratio = trace["warmup_ratio"];
    const int64_t steps = trace["steps"];
    EXPECT_EQ(learning_rate(config, 0, steps), 0);
    for (int64_t k = 1; k <= steps; ++k)
      EXPECT_NEAR(learning_rate(config, k, steps),
                  trace["logs"][static_cast<size_t>(k - 1)]["learning_rate"].get<double>(), 1e-16);
  }
}

TEST(LearningRate, LinearAndConstant) {
  TrainConfig config;
  config.lr = 1;
  config.warmup_ratio = 0.2;
  config.lr_schedule = "linear";
  EXPECT_DOUBLE_EQ(learning_rate(config, 1, 10), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate(config, 2, 10), 1);
  EXPECT_DOUBLE_EQ(learning_rate(config, 6, 10), 0.5);
  config.lr_schedule = "constant";
  EXPECT_DOUBLE_EQ(learning_rate(config, 9, 10), 1);
  config.warmup_ratio = 0;
  EXPECT_DOUBLE_EQ(learning_rate(config, 0, 10), 1);
}

TEST(LearningRate, WarmUpNeverTakesAllSteps) {
  TrainConfig config;
  config.lr = 1;
  for (const char* shape : {"cosine", "linear", "constant"})
    for (const double ratio : {0.1, 0.9, 1.0})
      for (const int64_t steps : {1, 2, 10}) {
        config.lr_schedule = shape;
        config.warmup_ratio = ratio;
        double most = 0;
        for (int64_t k = 0; k < steps; ++k) most = std::max(most, learning_rate(config, k, steps));
        EXPECT_EQ(most, 1) << shape << " " << ratio << " " << steps;
      }
}

}  // namespace
}  // namespace amalgam
