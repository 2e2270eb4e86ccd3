#include "train/logps.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/split_with_sizes.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/progress.h"
#include "core/stopwatch.h"
#include "train/order.h"

namespace amalgam {
namespace {

// Examples whose values are computed and kept together. Fixed, so that a pass that was interrupted
// computes the missing ones in the same company as an undisturbed one.
constexpr int64_t kWindow = 256;

constexpr int64_t kLogitNumbers = int64_t{1} << 24;  // of logits held at once

void check_finite(const TrainExample& example, const std::vector<double>& logps) {
  for (const double value : logps)
    if (!std::isfinite(value))
      fail(
          "example {}: the model gives a response the log-probability {}; its weights are not "
          "finite, "
          "or overflow in this dtype",
          example.tokens.id, value);
}

/// log sum_v p(v)^2 at each row of hidden states (M, D) -> (M) fp64.
at::Tensor log_collision(const Model& model, const at::Tensor& hidden) {
  const c10::AutoGradMode no_grad(false);
  const int64_t rows = std::max<int64_t>(1, kLogitNumbers / model.shape().vocab);
  std::vector<at::Tensor> parts;
  for (const at::Tensor& part : hidden.detach().split(rows)) {
    const at::Tensor logits = model.logits(part);  // (rows, V)
    const at::Tensor normaliser = logits.logsumexp(1).to(at::kDouble);
    parts.push_back(logits.mul(2).logsumexp(1).to(at::kDouble).sub(normaliser, 2));
  }
  return at::cat(parts);
}

}  // namespace

ModelInput model_input(const std::vector<TrainExample>& examples,
                       const std::vector<int64_t>& indices, const Model& model, double tail_weight,
                       bool share_prompts) {
  std::vector<const TokenizedExample*> tokens;
  for (const int64_t index : indices)
    tokens.push_back(&examples[static_cast<size_t>(index)].tokens);
  const at::Device device = model.weights().device();
  const auto length_class = [&](int64_t length) { return model.length_class(length); };
  ModelInput input{pack(tokens, device, length_class, share_prompts), nullptr, {}};
  input.attention = std::make_shared<SegmentContext>(input.batch.segments);
  if (tail_weight == 1) return input;
  std::vector<double> weights;
  for (const TokenizedExample* example : tokens) {
    size_t shared = SIZE_MAX;
    for (const auto& response : example->responses) shared = std::min(shared, response.size());
    for (const auto& response : example->responses) {
      weights.insert(weights.end(), shared, 1.0);
      weights.insert(weights.end(), response.size() - shared, tail_weight);
    }
  }
  input.token_weights = at::tensor(weights, at::kDouble).to(device);
  return input;
}

at::Tensor response_logps(const Model& model, const ModelInput& input, at::Tensor* confidence) {
  const PackedBatch& batch = input.batch;
  const at::Tensor hidden =
      model.forward(batch.ids, batch.positions, *input.attention, batch.rows);  // (M, D)
  at::Tensor logps = token_logprobs(hidden, model.head(), batch.targets, model.logit_softcap())
                         .to(at::kDouble);  // (M)
  if (confidence != nullptr) {
    std::vector<at::Tensor> means;
    const at::Tensor likelihoods = logps.detach().sub(log_collision(model, hidden));
    for (const at::Tensor& part : likelihoods.split_with_sizes(batch.response_lengths))
      means.push_back(part.mean());
    *confidence = at::stack(means);
  }
  if (input.token_weights.defined()) logps = logps.mul(input.token_weights);
  std::vector<at::Tensor> sums;
  // A split and its sums are deterministic on every device, an indexed addition is not.
  for (const at::Tensor& part : logps.split_with_sizes(batch.response_lengths))
    sums.push_back(part.sum());
  return at::stack(sums);  // (R)
}

std::string example_hash(const TrainExample& example) {
  std::string bytes;
  const auto append = [&](const std::vector<Token>& ids) {
    bytes += fmt::format("{}:", ids.size());
    bytes.append(reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(Token));
  };
  append(example.tokens.prompt);
  for (const std::vector<Token>& response : example.tokens.responses) append(response);
  return sha256_hex(bytes);
}

std::vector<std::vector<double>> reference_logps(const Model& model, const std::string& model_hash,
                                                 const std::vector<TrainExample>& examples,
                                                 const MicroBatching& batching,
                                                 ReferenceCache& cache, ReferencePass& pass,
                                                 double tail_weight) {
  const c10::AutoGradMode no_grad(false);
  Stopwatch watch;
  const std::string key =
      tail_weight == 1 ? model_hash : fmt::format("{} tail {}", model_hash, tail_weight);
  const int64_t total = std::ssize(examples);
  std::vector<std::vector<double>> values(examples.size());
  Progress progress("reference", total, "examples");
  for (int64_t first = 0; first < total; first += kWindow) {
    std::vector<int64_t> window(static_cast<size_t>(std::min(kWindow, total - first)));
    std::iota(window.begin(), window.end(), first);
    std::vector<std::string> keys;
    for (const int64_t index : window)
      keys.push_back(example_hash(examples[static_cast<size_t>(index)]));
    const auto known = cache.get(key, keys);
    const auto check_window = [&] {
      for (const int64_t index : window)
        check_finite(examples[static_cast<size_t>(index)], values[static_cast<size_t>(index)]);
    };
    if (std::all_of(known.begin(), known.end(), [](const auto& v) { return v.has_value(); })) {
      for (size_t i = 0; i < known.size(); ++i) values[static_cast<size_t>(window[i])] = *known[i];
      check_window();
      progress.advance(std::ssize(window));
      continue;
    }
    for (const std::vector<int64_t>& indices : micro_batches(examples, window, batching)) {
      const ModelInput input =
          model_input(examples, indices, model, tail_weight, batching.share_prompts);
      const at::Tensor logps = response_logps(model, input).to(at::kCPU);
      const double* next = logps.const_data_ptr<double>();
      for (const int64_t index : indices) {
        const auto i = static_cast<size_t>(index);
        const auto count = std::ssize(examples[i].tokens.responses);
        values[i].assign(next, next + count);
        next += count;
      }
      pass.tokens += input.batch.tokens();
      progress.advance(std::ssize(indices));
    }
    check_window();
    std::vector<ReferenceCache::Entry> entries;
    for (size_t i = 0; i < window.size(); ++i)
      entries.emplace_back(keys[i], values[static_cast<size_t>(window[i])]);
    cache.put(key, entries);
  }
  pass.seconds += watch.lap();
  return values;
}

}  // namespace amalgam
