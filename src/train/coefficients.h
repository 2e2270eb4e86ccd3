// Coefficients that change from step to step: alpha, beta, gamma, tau, lambda.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "core/json.h"
#include "train/objective.h"

namespace amalgam {

/// Shapes of a schedule: constant, linear, cosine, step, source-accuracy, margin.
std::vector<std::string> schedule_names();

/// The coefficients of an objective over a run of `steps` steps. A schedule leads from its start to
/// the value that the configuration gives. Those with feedback have gone a share of the way that
/// grows by feedback_rate (metric - feedback_goal) after each step, within [0, 1].
class Coefficients {
 public:
  Coefficients(ObjectiveConfig config, int64_t steps);

  /// The configuration with the coefficients of step k (from 0).
  ObjectiveConfig at(int64_t k) const;
  /// Puts those that change, alpha aside, into a row of metrics: cur_beta, ...
  void report(int64_t k, Json& row) const;
  /// Learns from the row of metrics of a step.
  void observe(const Json& row);
  /// (2) fp64 on the CPU, for a checkpoint: the shares gone by source accuracy and by margin. It is
  /// this object's own: what is copied into it is what it goes on with.
  const at::Tensor& state() const { return state_; }

 private:
  double value(const struct Coefficient& item, int64_t k) const;

  ObjectiveConfig config_;
  int64_t steps_;
  at::Tensor state_;
};

/// The objective's formula with its numbers, and how they change over the steps. Schedules that
/// cannot be followed are usage errors.
std::string objective_summary(const ObjectiveConfig& config);
/// Whether alpha is 0 at every step of a run of `steps` steps.
bool alpha_stays_zero(const ObjectiveConfig& config, int64_t steps);
/// Coefficients that the configuration gives and the objective has no use for, by name.
std::vector<std::string> unused_coefficients(const ObjectiveConfig& config);
/// What is probably not meant: settings that the objective does not use, a beta of another scale.
std::vector<std::string> objective_warnings(const ObjectiveConfig& config);

}  // namespace amalgam
