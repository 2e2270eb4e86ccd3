// A training objective: per-response sums of log-probabilities in, one loss per example out.
// Objectives are the only thing in which SFT, WRPO, DPO, ... differ. Add one as objectives/NAME.cpp
// and a line in objectives.cpp; docs/objectives.md lists the formulas.
//
// Shapes: B examples, R responses in all, in the order of examples, then winners, then losers.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "data/records.h"

namespace amalgam {

/// Every coefficient an objective may use; each reads its own and has its own defaults
/// (docs/objectives.md).
struct ObjectiveConfig {
  std::string objective = "wrpo";
  std::optional<double> beta;
  double alpha = 0.1;                     // WRPO's fusion coefficient
  std::string alpha_schedule = "linear";  // linear: alpha * k / N at step k of N; constant
  std::optional<double> gamma;
  double tau = 0.01;
  std::optional<double> label_smoothing;
  double ld_alpha = 0.5;
  void describe(Options& options);
};

/// What an objective compares, for one response y: s(y) = sum_t log pi(y_t), r(y) the same under
/// the frozen reference, |y| the response's tokens.
enum class Utility {
  kLogRatio,            // rho = s - r
  kMeanLogRatio,        // rho / |y|
  kLogProbability,      // s
  kMeanLogProbability,  // s / |y|
};

struct ObjectiveBatch {
  at::Tensor policy;     // (R) fp64: s(y), differentiable
  at::Tensor reference;  // (R) fp64: r(y); undefined where the objective needs none
  at::Tensor lengths;    // (R) fp64: |y|
  at::Tensor
      winner_weights;        // (B, R) fp64: rows sum to one over the example's winners, 0 elsewhere
  at::Tensor loser_weights;  // (B, R) fp64: the same for its losers

  at::Tensor utility(Utility kind) const;  // (R)
};

struct Objective {
  Utility utility = Utility::kLogRatio;
  double beta = 1;           // rewards in the metrics are beta * rho, without a reference beta * u
  bool needs_losers = true;  // SFT learns from winners alone
  /// The summed loss is divided by the examples of the whole step, or by its supervised tokens.
  bool per_token = false;
  double tail_weight =
      1;                // of tokens beyond the length of the example's shortest response (LD-DPO)
  std::string formula;  // with its numbers, for people
  /// (B) fp64, differentiable: the loss of each example from the weighted utilities of its winners
  /// and of its losers, (B) each.
  std::function<at::Tensor(const ObjectiveBatch& batch, const at::Tensor& winner,
                           const at::Tensor& loser)>
      loss;

  bool needs_reference() const {
    return utility == Utility::kLogRatio || utility == Utility::kMeanLogRatio;
  }
  at::Tensor operator()(const ObjectiveBatch& batch) const;  // (B)
};

/// Weights of the responses of one example at this fusion coefficient: those of its `winners` first
/// ones sum to one, those of the others, its losers, too. Where there are responses of both roles
/// among them, the sources' share alpha and the target's own share 1 - alpha: WRPO's {alpha, 1 -
/// alpha} for one of each. Otherwise all count the same.
std::vector<double> mixing_weights(std::span<const Role> roles, int64_t winners, double alpha);

/// -(1 - smoothing) log sigmoid(x) - smoothing log sigmoid(-x), element by element.
at::Tensor smoothed_log_sigmoid(const at::Tensor& x, double smoothing);

struct ObjectiveEntry {
  std::string_view name;
  std::string_view sentence;
  Objective (*make)(const ObjectiveConfig& config);
};
const std::vector<ObjectiveEntry>& objectives();
Objective make_objective(const ObjectiveConfig& config);

}  // namespace amalgam
