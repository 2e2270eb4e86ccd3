// Each objective against its closed form in double precision, and its gradient against central
// differences of the same loss.
#include <gtest/gtest.h>

#include "../support.h"
#include "objective_cases.h"

namespace amalgam {
namespace {

TEST(Objectives, EveryOneHasACase) {
  for (const ObjectiveEntry& entry : objectives())
    EXPECT_TRUE(objective_cases().contains(std::string(entry.name))) << entry.name;
  EXPECT_EQ(objective_cases().size(), objectives().size());
}

TEST(Objectives, EqualTheirClosedForms) {
  for (const auto& [name, list] : objective_cases())
    for (const Case& item : list) {
      SCOPED_TRACE(name);
      const at::Tensor losses = make_objective(item.config)(make_batch(kPolicy));
      ASSERT_EQ(losses.numel(), 2);
      for (size_t i = 0; i < 2; ++i)
        EXPECT_NEAR(losses.const_data_ptr<double>()[i], item.loss(3 * i, kPolicy),
                    1e-12 * std::abs(item.loss(3 * i, kPolicy)));
    }
}

TEST(Objectives, GradientsEqualCentralDifferences) {
  constexpr double kStep = 1e-5;
  for (const auto& [name, list] : objective_cases())
    for (const Case& item : list) {
      SCOPED_TRACE(name);
      const ObjectiveBatch batch = make_batch(kPolicy);
      make_objective(item.config)(batch).sum().backward();
      const double* gradient = batch.policy.grad().const_data_ptr<double>();
      for (size_t i = 0; i < kPolicy.size(); ++i) {
        std::vector<double> up = kPolicy, down = kPolicy;
        up[i] += kStep;
        down[i] -= kStep;
        double slope = 0;  // of the whole batch: some objectives compare its examples
        for (const size_t first : {0, 3})
          slope += (item.loss(first, up) - item.loss(first, down)) / (2 * kStep);
        EXPECT_NEAR(gradient[i], slope, 1e-8) << i;
      }
    }
}

TEST(Objectives, AnUnknownNameIsRefused) {
  try {
    make_objective(config_of("wrpoo", 1));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("\"wrpo\""), std::string::npos) << error.what();
  }
}

// One desirable and one undesirable response.
TEST(Objectives, TakeUnpairedResponses) {
  ObjectiveBatch batch;
  batch.policy = tensor({-3, -4}, {2}).requires_grad_(true);
  batch.reference = tensor({-5, -3.5}, {2});
  batch.lengths = tensor({3, 2}, {2});
  batch.winner_weights = tensor({1, 0, 0, 0}, {2, 2});
  batch.loser_weights = tensor({0, 0, 0, 1}, {2, 2});
  batch.shift = 0.25;
  const auto expect = [&](const std::string& name, double up, double down) {
    SCOPED_TRACE(name);
    const at::Tensor losses = make_objective(config_of(name, 0.5))(batch);
    EXPECT_NEAR(losses[0].item<double>(), up, 1e-14);
    EXPECT_NEAR(losses[1].item<double>(), down, 1e-14);
  };
  expect("kto", 1 - sigmoid(0.5 * (2 - 0.25)), 1 - sigmoid(0.5 * (0.25 + 0.5)));
  expect("bco", -log_sigmoid(0.5 * 2 - 0.25), -log_sigmoid(-(0.5 * -0.5 - 0.25)));
}

TEST(Objectives, RefuseADivergenceTheyDoNotRestOn) {
  for (const char* name : {"simpo", "ln-dpo", "kto", "aot"}) {
    ObjectiveConfig config = config_of(name, 1);
    config.f_divergence = "js";
    EXPECT_TRUE(fails_with(fmt::format("f_divergence: {}", name), [&] { make_objective(config); }));
  }
}

TEST(Log1mexp, IsAccurateAtBothEnds) {
  const at::Tensor x = tensor({-1e-9, -0.5, -1, -40, -800}, {5}).requires_grad_(true);
  const at::Tensor y = log1mexp(x);
  const double want[] = {std::log(1e-9) - 0.5e-9, std::log(-std::expm1(-0.5)),
                         std::log1p(-std::exp(-1)), -std::exp(-40), 0};
  y.sum().backward();
  for (int64_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(y[i].item<double>(), want[i], 1e-14 * std::abs(want[i])) << i;
    EXPECT_TRUE(std::isfinite(x.grad()[i].item<double>())) << i;
  }
}

TEST(MixingWeights, SourcesShareAlpha) {
  constexpr Role kS = Role::kSource, kT = Role::kTarget;
  const auto weights = [](const std::vector<Role>& roles, int64_t winners, double alpha) {
    return mixing_weights(roles, winners, alpha);
  };
  EXPECT_EQ(weights({kS, kT, kT}, 2, 0.1), (std::vector{0.1, 0.9, 1.0}));
  EXPECT_EQ(weights({kS, kS, kT, kT}, 3, 0.5), (std::vector{0.25, 0.25, 0.5, 1.0}));
  EXPECT_EQ(weights({kT, kS, kS}, 1, 0.1), (std::vector{1.0, 0.5, 0.5}));
  EXPECT_EQ(weights({kS}, 1, 0.1), (std::vector{1.0}));
  // Sources share alpha by weights of their own.
  EXPECT_EQ(mixing_weights(std::vector{kS, kS, kT, kT}, 3, 0.5, std::vector{3.0, 1.0, 7.0, 2.0}),
            (std::vector{0.375, 0.125, 0.5, 1.0}));
  // Unpaired.
  EXPECT_EQ(weights({kT}, 0, 0.1), (std::vector{1.0}));
  // Equation 9 of WRPO: a source and an own response on both sides.
  EXPECT_EQ(weights({kS, kT, kS, kT}, 2, 0.25), (std::vector{0.25, 0.75, 0.25, 0.75}));
}

}  // namespace
}  // namespace amalgam
