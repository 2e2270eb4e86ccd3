#include "train/coefficients.h"

#include <gtest/gtest.h>

#include <cmath>

#include "../support.h"
#include "core/error.h"

namespace amalgam {
namespace {

TEST(Coefficients, AlphaRisesFromZeroOrStays) {
  ObjectiveConfig config;
  config.alpha = 0.3;
  EXPECT_DOUBLE_EQ(Coefficients(config, 12).at(0).alpha, 0);
  EXPECT_DOUBLE_EQ(Coefficients(config, 12).at(11).alpha, 0.275);
  config.alpha_schedule = "constant";
  EXPECT_DOUBLE_EQ(Coefficients(config, 12).at(0).alpha, 0.3);
}

TEST(Coefficients, EveryOneFollowsEverySchedule) {
  struct Shape {
    const char* name;
    double at_2, at_8;  // of 10 steps, from 1 to 3
  };
  const Shape shapes[] = {
      {"constant", 3, 3},
      {"linear", 1.4, 2.6},
      {"cosine", 2 - std::cos(0.2 * std::acos(-1)), 2 + std::cos(0.2 * std::acos(-1))},
      {"step", 1, 3}};
  using C = ObjectiveConfig;
  std::optional<double> C::*values[] = {&C::beta, &C::gamma, &C::tau, &C::lambda};
  std::optional<double> C::*starts[] = {&C::beta_start, &C::gamma_start, &C::tau_start,
                                        &C::lambda_start};
  std::string C::*schedules[] = {&C::beta_schedule, &C::gamma_schedule, &C::tau_schedule,
                                 &C::lambda_schedule};
  for (const Shape& shape : shapes)
    for (size_t i = 0; i < 4; ++i) {
      SCOPED_TRACE(std::string(shape.name) + " " + std::to_string(i));
      C config;
      config.*values[i] = 3;
      config.*starts[i] = 1;
      config.*schedules[i] = shape.name;
      const Coefficients course(config, 10);
      EXPECT_NEAR((course.at(2).*values[i]).value(), shape.at_2, 1e-15);
      EXPECT_NEAR((course.at(8).*values[i]).value(), shape.at_8, 1e-15);
    }
}

TEST(Coefficients, FeedbackMovesWithItsMetric) {
  ObjectiveConfig config;
  config.alpha = 0.5;
  config.alpha_schedule = "source-accuracy";
  config.beta = 0.1;
  config.beta_start = 0.3;
  config.beta_schedule = "margin";
  config.feedback_goal = 0.5;
  config.feedback_rate = 0.4;
  Coefficients course(config, 100);
  EXPECT_EQ(course.at(0).alpha, 0);
  course.observe({{"rewards/source_accuracies", 1.0}, {"rewards/margins", 0.25}});
  EXPECT_NEAR(course.at(1).alpha, 0.1, 1e-15);  // a fifth of the way
  EXPECT_EQ(course.at(1).beta, 0.3);            // not below the start
  course.observe({{"rewards/margins", 1.75}});
  EXPECT_NEAR(course.at(2).alpha, 0.1, 1e-15);
  EXPECT_NEAR(course.at(2).beta.value(), 0.2, 1e-15);
  for (int i = 0; i < 9; ++i) course.observe({{"rewards/source_accuracies", 1.0}});
  EXPECT_NEAR(course.at(3).alpha, 0.5, 1e-15);  // not beyond the end

  Coefficients resumed(config, 100);
  at::Tensor(resumed.state()).copy_(course.state());
  EXPECT_EQ(resumed.at(3).alpha, course.at(3).alpha);
  EXPECT_EQ(resumed.at(3).beta, course.at(3).beta);
}

TEST(Coefficients, AlphaMayNeverLeaveZero) {
  ObjectiveConfig config;
  for (const char* schedule : {"linear", "cosine", "step", "source-accuracy", "margin"}) {
    config.alpha_schedule = schedule;
    EXPECT_TRUE(alpha_stays_zero(config, 1)) << schedule;
    EXPECT_FALSE(alpha_stays_zero(config, 2)) << schedule;
  }
  config.alpha_start = 0.05;
  EXPECT_FALSE(alpha_stays_zero(config, 1));
  config.alpha_schedule = "constant";
  EXPECT_FALSE(alpha_stays_zero(config, 1));
}

TEST(ObjectiveSummary, ShowsFormulaAndSchedules) {
  ObjectiveConfig config;
  config.objective = "simpo";
  config.gamma = 1.5;
  config.gamma_start = 0.25;
  config.gamma_schedule = "cosine";
  const std::string text = objective_summary(config);
  EXPECT_NE(text.find("1.5"), std::string::npos) << text;
  EXPECT_NE(text.find("gamma cosine from 0.25 to 1.5"), std::string::npos) << text;
  config.gamma_start.reset();
  EXPECT_TRUE(fails_with("needs", [&] { objective_summary(config); }));  // from where?
  config.gamma_start = 0.25;
  config.objective = "dpo";
  EXPECT_TRUE(fails_with("has no gamma", [&] { objective_summary(config); }));
}

TEST(ObjectiveWarnings, NameWhatIsProbablyNotMeant) {
  const auto warnings = [](const std::string& objective, const auto& change) {
    ObjectiveConfig config;
    config.objective = objective;
    change(config);
    std::string all;
    for (const std::string& warning : objective_warnings(config)) all += warning + "\n";
    return all;
  };
  for (const ObjectiveEntry& entry : objectives())
    EXPECT_EQ(warnings(std::string(entry.name), [](auto&) {}), "") << entry.name;
  EXPECT_EQ(warnings("dpo", [](auto& c) { c.beta = 0.01; }), "");
  EXPECT_EQ(warnings("simpo", [](auto& c) { c.beta = 10, c.gamma = 0; }), "");
  EXPECT_NE(warnings("ln-dpo", [](auto& c) { c.beta = 0.1; }).find("far"), std::string::npos);
  EXPECT_NE(warnings("dpo", [](auto& c) { c.beta = 10; }).find("far"), std::string::npos);
  EXPECT_NE(warnings("ipo", [](auto& c) { c.beta = 1; }).find("no effect"), std::string::npos);
  EXPECT_NE(warnings("dpo", [](auto& c) { c.gamma = 1; }).find("no effect"), std::string::npos);
  EXPECT_EQ(warnings("dpo", [](auto& c) { c.lambda = 1; }), "");
}

}  // namespace
}  // namespace amalgam
