// Each objective against its closed form in double precision, and its gradient against central
// differences of the same loss.
#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>

#include "core/error.h"
#include "train/objective.h"

namespace amalgam {
namespace {

// Two examples of three responses each: source winner, own winner, loser.
const std::vector<double> kPolicy = {-31.5, -42.25, -50.125, -12.0, -9.5, -7.75};
const std::vector<double> kReference = {-35.0, -41.0, -47.5, -11.25, -10.0, -9.0};
const std::vector<double> kLengths = {12, 15, 20, 5, 4, 3};
constexpr double kAlpha = 0.3;

at::Tensor tensor(const std::vector<double>& values, std::vector<int64_t> shape) {
  return at::from_blob(const_cast<double*>(values.data()), shape, at::kDouble).clone();
}

ObjectiveBatch make_batch(const std::vector<double>& policy) {
  const std::vector<double> winners = {kAlpha, 1 - kAlpha, 0, 0,      0,          0,
                                       0,      0,          0, kAlpha, 1 - kAlpha, 0};
  const std::vector<double> losers = {0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  ObjectiveBatch batch;
  batch.policy = tensor(policy, {6}).requires_grad_(true);
  batch.reference = tensor(kReference, {6});
  batch.lengths = tensor(kLengths, {6});
  batch.winner_weights = tensor(winners, {2, 6});
  batch.loser_weights = tensor(losers, {2, 6});
  return batch;
}

// The quantities of docs/objectives.md for one example.
struct Sides {
  double winner, loser;
};
Sides mixed(const std::function<double(size_t)>& u) {
  return {kAlpha * u(0) + (1 - kAlpha) * u(1), u(2)};
}
Sides log_ratios(size_t first, const std::vector<double>& policy) {
  return mixed([&](size_t i) { return policy[first + i] - kReference[first + i]; });
}
Sides mean_log_ratios(size_t first, const std::vector<double>& policy) {
  return mixed(
      [&](size_t i) { return (policy[first + i] - kReference[first + i]) / kLengths[first + i]; });
}
Sides mean_logps(size_t first, const std::vector<double>& policy) {
  return mixed([&](size_t i) { return policy[first + i] / kLengths[first + i]; });
}
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double log_sigmoid(double x) { return -std::log1p(std::exp(-x)); }

/// One example's loss, written out anew.
using ClosedForm = double (*)(size_t first, const std::vector<double>& policy);
struct Case {
  ObjectiveConfig config;
  ClosedForm loss;
};

ObjectiveConfig config_of(const std::string& name, double beta,
                          std::optional<double> smoothing = {}) {
  ObjectiveConfig config;
  config.objective = name;
  config.beta = beta;
  config.label_smoothing = smoothing;
  return config;
}

ObjectiveConfig with_tau(ObjectiveConfig config, double tau) {
  config.tau = tau;
  return config;
}
ObjectiveConfig with_gamma(ObjectiveConfig config, double gamma) {
  config.gamma = gamma;
  return config;
}

const std::map<std::string, std::vector<Case>>& cases() {
  static const std::map<std::string, std::vector<Case>> all = {
      {"sft",
       {{config_of("sft", 1),
         [](size_t f, const std::vector<double>& s) {
           return -(kAlpha * s[f] + (1 - kAlpha) * s[f + 1]);
         }}}},
      {"wrpo",
       {{config_of("wrpo", 0.05),
         [](size_t f, const std::vector<double>& s) {
           const auto [w, l] = log_ratios(f, s);
           return -log_sigmoid(0.05 * (w - l));
         }}}},
      {"dpo",
       {{config_of("dpo", 0.2),
         [](size_t f, const std::vector<double>& s) {
           const auto [w, l] = log_ratios(f, s);
           return -log_sigmoid(0.2 * (w - l));
         }},
        {config_of("dpo", 0.2, 0.1),
         [](size_t f, const std::vector<double>& s) {
           const auto [w, l] = log_ratios(f, s);
           return -0.9 * log_sigmoid(0.2 * (w - l)) - 0.1 * log_sigmoid(-0.2 * (w - l));
         }}}},
      {"ln-dpo",
       {{config_of("ln-dpo", 4),
         [](size_t f, const std::vector<double>& s) {
           const auto [w, l] = mean_log_ratios(f, s);
           return -log_sigmoid(4 * (w - l));
         }}}},
      {"ipo",
       {{with_tau(config_of("ipo", 1), 0.2),
         [](size_t f, const std::vector<double>& s) {
           const auto [w, l] = mean_log_ratios(f, s);
           return std::pow(w - l - 2.5, 2);
         }}}},
      {"simpo",
       {{with_gamma(config_of("simpo", 2.5), 0.8),
         [](size_t f, const std::vector<double>& s) {
           const auto [w, l] = mean_logps(f, s);
           return -log_sigmoid(2.5 * (w - l) - 0.8);
         }}}},
      {"slic",
       {{config_of("slic", 0.07),
         [](size_t f, const std::vector<double>& s) {
           const auto [w, l] = log_ratios(f, s);
           return std::max(0.0, 1 - 0.07 * (w - l));
         }}}},
      {"robust",
       {{config_of("robust", 0.2, 0.15),
         [](size_t f, const std::vector<double>& s) {
           const auto [w, l] = log_ratios(f, s);
           return (-0.85 * log_sigmoid(0.2 * (w - l)) + 0.15 * log_sigmoid(-0.2 * (w - l))) / 0.7;
         }}}},
      {"exo",
       {{config_of("exo", 0.2, 0.01),
         [](size_t f, const std::vector<double>& s) {
           const auto [w, l] = log_ratios(f, s);
           return sigmoid(0.2 * (w - l)) * (log_sigmoid(0.2 * (w - l)) - std::log(0.99)) +
                  sigmoid(-0.2 * (w - l)) * (log_sigmoid(-0.2 * (w - l)) - std::log(0.01));
         }}}},
      {"nca",
       {{config_of("nca", 0.2),
         [](size_t f, const std::vector<double>& s) {
           const auto [w, l] = log_ratios(f, s);
           return -log_sigmoid(0.2 * w) - 0.5 * log_sigmoid(-0.2 * w) - 0.5 * log_sigmoid(-0.2 * l);
         }}}},
      {"bco",
       {{config_of("bco", 0.2),
         [](size_t f, const std::vector<double>& s) {
           const auto [w, l] = log_ratios(f, s);
           return -log_sigmoid(0.2 * w) - log_sigmoid(-0.2 * l);
         }}}},
      {"sppo",
       {{config_of("sppo", 0.1),
         [](size_t f, const std::vector<double>& s) {
           const auto [w, l] = log_ratios(f, s);
           return std::pow(w - 5, 2) + std::pow(l + 5, 2);
         }}}},
      {"apo_zero",
       {{config_of("apo_zero", 0.2),
         [](size_t f, const std::vector<double>& s) {
           const auto [w, l] = log_ratios(f, s);
           return 1 - sigmoid(0.2 * w) + sigmoid(0.2 * l);
         }}}},
      {"apo_down",
       {{config_of("apo_down", 0.2),
         [](size_t f, const std::vector<double>& s) {
           const auto [w, l] = log_ratios(f, s);
           return sigmoid(0.2 * w) + 1 - sigmoid(0.2 * (w - l));
         }}}},
      {"ld-dpo",
       {{config_of("ld-dpo", 0.2),
         [](size_t f, const std::vector<double>& s) {
           const auto [w, l] = log_ratios(f, s);
           return -log_sigmoid(0.2 * (w - l));
         }}}},
  };
  return all;
}

TEST(Objectives, EveryOneHasACase) {
  for (const ObjectiveEntry& entry : objectives())
    EXPECT_TRUE(cases().contains(std::string(entry.name))) << entry.name;
  EXPECT_EQ(cases().size(), objectives().size());
}

TEST(Objectives, EqualTheirClosedForms) {
  for (const auto& [name, list] : cases())
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
  for (const auto& [name, list] : cases())
    for (const Case& item : list) {
      SCOPED_TRACE(name);
      const ObjectiveBatch batch = make_batch(kPolicy);
      make_objective(item.config)(batch).sum().backward();
      const double* gradient = batch.policy.grad().const_data_ptr<double>();
      for (size_t i = 0; i < kPolicy.size(); ++i) {
        std::vector<double> up = kPolicy, down = kPolicy;
        up[i] += kStep;
        down[i] -= kStep;
        const size_t first = i / 3 * 3;
        const double slope = (item.loss(first, up) - item.loss(first, down)) / (2 * kStep);
        EXPECT_NEAR(gradient[i], slope, 1e-8) << i;
      }
    }
}

TEST(Objectives, AnUnknownNameIsRefused) {
  EXPECT_THROW(make_objective(config_of("wrpoo", 1)), Error);
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
  // Equation 9 of WRPO: a source and an own response on both sides.
  EXPECT_EQ(weights({kS, kT, kS, kT}, 2, 0.25), (std::vector{0.25, 0.75, 0.25, 0.75}));
}

}  // namespace
}  // namespace amalgam
