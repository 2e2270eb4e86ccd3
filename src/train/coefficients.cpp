#include "train/coefficients.h"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"

namespace amalgam {

/// One coefficient of a configuration.
struct Coefficient {
  const char* name;
  const std::string& schedule;
  std::optional<double> start, end;
  void (*set)(ObjectiveConfig&, double);
};

namespace {

// The feedback schedules, and the metric of each; their order is that of the state.
struct Feedback {
  const char* schedule;
  const char* metric;
};
constexpr Feedback kFeedback[] = {{"source-accuracy", "rewards/source_accuracies"},
                                  {"margin", "rewards/margins"}};

std::vector<Coefficient> coefficients(const ObjectiveConfig& c) {
  using C = ObjectiveConfig;
  return {
      {"alpha", c.alpha_schedule, c.alpha_start.value_or(0), c.alpha,
       [](C& to, double v) { to.alpha = v; }},
      {"beta", c.beta_schedule, c.beta_start, c.beta, [](C& to, double v) { to.beta = v; }},
      {"gamma", c.gamma_schedule, c.gamma_start, c.gamma, [](C& to, double v) { to.gamma = v; }},
      {"tau", c.tau_schedule, c.tau_start, c.tau, [](C& to, double v) { to.tau = v; }},
      {"lambda", c.lambda_schedule, c.lambda_start, c.lambda,
       [](C& to, double v) { to.lambda = v; }},
  };
}

std::optional<size_t> feedback_index(const std::string& schedule) {
  for (size_t i = 0; i < std::size(kFeedback); ++i)
    if (schedule == kFeedback[i].schedule) return i;
  return std::nullopt;
}

/// Whether the objective has a use for what `change` changes: its formula shows every number.
bool uses(const ObjectiveConfig& config, const std::function<void(ObjectiveConfig&)>& change) {
  ObjectiveConfig changed = config;
  change(changed);
  return make_objective(changed).formula != make_objective(config).formula;
}

// Scales: beyond this factor from the objective's default beta something else was probably meant.
constexpr double kUnusualFactor = 20;

}  // namespace

std::vector<std::string> schedule_names() {
  std::vector<std::string> names = {"constant", "linear", "cosine", "step"};
  for (const Feedback& feedback : kFeedback) names.emplace_back(feedback.schedule);
  return names;
}

Coefficients::Coefficients(ObjectiveConfig config, int64_t steps)
    : config_(std::move(config)),
      steps_(steps),
      state_(at::zeros({std::ssize(kFeedback)}, at::kDouble)) {}

double Coefficients::value(const Coefficient& item, int64_t k) const {
  const auto step = static_cast<double>(k), steps = static_cast<double>(steps_);
  const double start = item.start.value(), way = item.end.value() - start;
  if (item.schedule == "linear") return start + way * step / steps;
  if (item.schedule == "cosine")
    return start + way * 0.5 * (1 - std::cos(std::numbers::pi * step / steps));
  if (item.schedule == "step") return step >= config_.schedule_at * steps ? start + way : start;
  return start + way * state_.const_data_ptr<double>()[feedback_index(item.schedule).value()];
}

ObjectiveConfig Coefficients::at(int64_t k) const {
  ObjectiveConfig now = config_;
  for (const Coefficient& item : coefficients(config_))
    if (item.schedule != "constant") item.set(now, value(item, k));
  return now;
}

void Coefficients::report(int64_t k, Json& row) const {
  for (const Coefficient& item : coefficients(config_))
    if (item.schedule != "constant" && item.name != std::string_view("alpha"))
      row[fmt::format("cur_{}", item.name)] = value(item, k);
}

void Coefficients::observe(const Json& row) {
  double* gone = state_.mutable_data_ptr<double>();
  for (const Feedback& feedback : kFeedback) {
    const auto metric = row.find(feedback.metric);
    if (metric != row.end()) {
      const double excess = metric->get<double>() - config_.feedback_goal;
      *gone = std::clamp(*gone + config_.feedback_rate * excess, 0.0, 1.0);
    }
    ++gone;
  }
}

bool alpha_stays_zero(const ObjectiveConfig& config, int64_t steps) {
  if (feedback_index(config.alpha_schedule) && steps > 1) return false;  // the metrics decide
  const Coefficients course(config, steps);
  for (int64_t k = 0; k < steps; ++k)
    if (course.at(k).alpha != 0) return false;
  return true;
}

std::string objective_summary(const ObjectiveConfig& config) {
  std::string text = make_objective(config).formula;
  for (const Coefficient& item : coefficients(config)) {
    if (item.schedule == "constant") continue;
    const std::string name = item.name;
    const bool is_alpha = name == "alpha";  // the weights of a mixture are in no formula
    if (!item.start || !item.end)
      fail_usage("{}_schedule: {} needs {}_start and {}", name, item.schedule, name, name);
    if (!is_alpha && !uses(config, [&](ObjectiveConfig& c) { item.set(c, *item.end * 2 + 1); }))
      fail_usage("{}_schedule: the objective {} has no {}", name, config.objective, name);
    if (is_alpha && config.objective != "wrpo" && !config.alpha_start &&
        config.alpha_schedule == ObjectiveConfig().alpha_schedule)
      continue;  // untouched
    text += fmt::format("; {} {} from {} to {}", name, item.schedule, *item.start, *item.end);
    if (item.schedule == "step") text += fmt::format(" after {} of the steps", config.schedule_at);
    if (feedback_index(item.schedule))
      text += fmt::format(" (goal {}, rate {})", config.feedback_goal, config.feedback_rate);
  }
  return text;
}

std::vector<std::string> unused_coefficients(const ObjectiveConfig& config) {
  std::vector<std::string> unused;
  const auto check = [&](const char* name, const std::optional<double>& value,
                         std::optional<double> ObjectiveConfig::*member) {
    if (value && !uses(config, [&](ObjectiveConfig& c) { c.*member = *value / 2 + 0.01; }))
      unused.emplace_back(name);
  };
  check("beta", config.beta, &ObjectiveConfig::beta);
  check("gamma", config.gamma, &ObjectiveConfig::gamma);
  check("tau", config.tau, &ObjectiveConfig::tau);
  check("lambda", config.lambda, &ObjectiveConfig::lambda);
  check("label_smoothing", config.label_smoothing, &ObjectiveConfig::label_smoothing);
  return unused;
}

std::vector<std::string> objective_warnings(const ObjectiveConfig& config) {
  std::vector<std::string> warnings;
  bool beta_used = true;
  for (const std::string& name : unused_coefficients(config)) {
    warnings.push_back(fmt::format("{} has no effect on the objective {}", name, config.objective));
    beta_used = beta_used && name != "beta";
  }
  if (!config.beta || !beta_used) return warnings;
  ObjectiveConfig usual = config;
  usual.beta.reset();
  const double scale = make_objective(usual).beta;
  if (*config.beta > kUnusualFactor * scale || *config.beta < scale / kUnusualFactor)
    warnings.push_back(
        fmt::format("beta {} is far from what the objective {} is used with (about {}): sums of "
                    "log ratios want about 0.01 to 0.5, means over tokens 2 to 10",
                    *config.beta, config.objective, scale));
  return warnings;
}

}  // namespace amalgam
