#include "train/step.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>

#include <chrono>
#include <cmath>

#include "core/error.h"
#include "train/logps.h"
#include "train/metrics.h"
#include "train/schedule.h"

namespace amalgam {
namespace {

at::Tensor to_tensor(std::vector<double> values, at::Device device) {
  return at::from_blob(values.data(), {std::ssize(values)}, at::kDouble)
      .to(device, at::kDouble, false, /*copy=*/true);
}

}  // namespace

TrainingStep::TrainingStep(Model& policy, Model& masters, const std::vector<TrainExample>& examples,
                           const std::vector<std::vector<double>>& references,
                           const TrainConfig& config)
    : policy_(policy),
      examples_(examples),
      references_(references),
      config_(config),
      objective_(make_objective(config)),
      order_(config, std::ssize(examples)),
      optimizer_(policy, masters, config) {}

std::span<const double> TrainingStep::references_of(int64_t index) const {
  if (references_.empty()) return {};
  return references_[static_cast<size_t>(index)];
}

/// What the summed loss of the step is divided by: the same however the step is split.
double TrainingStep::loss_divisor(const std::vector<int64_t>& indices) const {
  if (!objective_.per_token) return static_cast<double>(indices.size());
  double tokens = 0;
  for (const int64_t index : indices) {
    const TrainExample& item = example(index);
    const std::vector<double> weights = mixing_weights(item.roles, item.winners, alpha_);
    for (size_t i = 0; i < static_cast<size_t>(item.winners); ++i)
      tokens += weights[i] * static_cast<double>(item.tokens.responses[i].size());
  }
  return tokens;
}

ObjectiveBatch TrainingStep::objective_batch(const std::vector<int64_t>& batch,
                                             const PackedBatch& packed) const {
  const auto columns = static_cast<size_t>(packed.responses);
  std::vector<double> winners(batch.size() * columns), losers(batch.size() * columns), references;
  size_t column = 0;
  for (size_t row = 0; row < batch.size(); ++row) {
    const TrainExample& item = example(batch[row]);
    const std::vector<double> weights = mixing_weights(item.roles, item.winners, alpha_);
    for (size_t i = 0; i < weights.size(); ++i, ++column)
      (i < static_cast<size_t>(item.winners) ? winners : losers)[row * columns + column] =
          weights[i];
    const std::span<const double> known = references_of(batch[row]);
    references.insert(references.end(), known.begin(), known.end());
  }
  const at::Device device = packed.ids.device();
  const std::vector<int64_t> shape = {std::ssize(batch), packed.responses};
  ObjectiveBatch inputs;
  inputs.lengths =
      to_tensor({packed.response_lengths.begin(), packed.response_lengths.end()}, device);
  inputs.winner_weights = to_tensor(std::move(winners), device).view(shape);
  inputs.loser_weights = to_tensor(std::move(losers), device).view(shape);
  if (!references.empty()) inputs.reference = to_tensor(std::move(references), device);
  return inputs;
}

void TrainingStep::backward(const std::vector<int64_t>& batch) {
  const ModelInput input = model_input(examples_, batch, policy_, objective_.tail_weight);
  ObjectiveBatch inputs = objective_batch(batch, input.batch);
  inputs.policy = response_logps(policy_, input);
  const at::Tensor losses = objective_(inputs);
  losses.sum().div(divisor_).backward();
  optimizer_.accumulate();
  tokens_ += input.batch.tokens();
  sequence_.insert(sequence_.end(), batch.begin(), batch.end());
  losses_.push_back(losses.detach());
  logps_.push_back(inputs.policy.detach());
}

void TrainingStep::accumulate_gradients(int64_t k) {
  k_ = k;
  tokens_ = 0;
  sequence_.clear();
  losses_.clear();
  logps_.clear();
  alpha_ = fusion_coefficient(config_, k, steps());
  const std::vector<int64_t> indices = order_.step(k);
  divisor_ = loss_divisor(indices);
  for (const std::vector<int64_t>& batch :
       micro_batches(examples_, indices, config_.micro_batch_tokens))
    backward(batch);
}

Json TrainingStep::run(int64_t k) {
  const auto start = std::chrono::steady_clock::now();
  const double lr = learning_rate(config_, k, steps());
  accumulate_gradients(k);
  const at::Tensor gradient_norm = optimizer_.step(lr);
  Json row = {{"step", k + 1}, {"loss", 0},    {"grad_norm", 0},
              {"lr", lr},      {"seconds", 0}, {"tokens", tokens_}};
  if (objective_.needs_losers) row["cur_alpha"] = alpha_;
  read_reports(gradient_norm, row);
  row["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return row;
}

/// Moves the step's numbers to the host, which is the only place where it waits for the device.
void TrainingStep::read_reports(const at::Tensor& gradient_norm, Json& row) const {
  const at::Tensor report =
      at::cat({at::cat(losses_), at::cat(logps_), gradient_norm.to(at::kDouble).reshape({1})})
          .to(at::kCPU);
  const double* losses = report.const_data_ptr<double>();
  const double* logps = losses + sequence_.size();

  StepMetrics metrics(objective_, alpha_);
  double loss = 0;
  std::string all, broken;
  for (const int64_t index : sequence_) {
    const TrainExample& item = example(index);
    const std::span<const double> policy(logps, item.roles.size());
    if (k_ == 0) check_start(item, policy, references_of(index));
    metrics.add(item, policy, references_of(index));
    all += " " + item.tokens.id;
    if (!std::isfinite(*losses)) broken += " " + item.tokens.id;
    loss += *losses++;
    logps += policy.size();
  }
  const double norm = *logps;
  if (!broken.empty()) fail("step {}: the loss is not finite for{}", k_ + 1, broken);
  if (!std::isfinite(norm))
    fail("step {}: the gradient is not finite; its examples are{}", k_ + 1, all);
  row["loss"] = loss / divisor_;
  row["grad_norm"] = norm;
  metrics.write(row);
}

/// Before the first update the policy is the reference: anything else means that the reference
/// log-probabilities are those of another model or of other tokens.
void TrainingStep::check_start(const TrainExample& item, std::span<const double> policy,
                               std::span<const double> reference) const {
  const double tolerance = policy_.weights().dtype() == at::kFloat ? 1e-6 : 1e-3;
  for (size_t i = 0; i < reference.size(); ++i)
    if (std::abs(policy[i] - reference[i]) > 1e-4 + tolerance * std::abs(reference[i]))
      fail(
          "example {}: log-probability {} under the policy, {} under the reference, before any "
          "update; they must be equal",
          item.tokens.id, policy[i], reference[i]);
}

}  // namespace amalgam
