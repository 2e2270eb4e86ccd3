// Sums of log-probabilities of responses: what policy and reference have in common, so both go
// through the same code.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/reference_cache.h"
#include "models/model.h"
#include "train/config.h"
#include "train/tokenize.h"

namespace amalgam {

/// Examples as a model sees them, on its device.
struct ModelInput {
  PackedBatch batch;
  std::shared_ptr<AttentionContext> attention;
  at::Tensor token_weights;  // (M) fp64, or undefined: all 1
};

/// Packs the examples at `indices`. Tokens beyond the length of their example's shortest response
/// get `tail_weight`.
ModelInput model_input(const std::vector<TrainExample>& examples,
                       const std::vector<int64_t>& indices, const Model& model, double tail_weight,
                       bool share_prompts = true);

/// s(y) = sum_t log p(y_t | x, y_<t) of each response of the batch, (R) fp64, differentiable while
/// `input` lives. Where `confidence` is given, it becomes mean_t [log p(y_t) - log sum_v p(v)^2],
/// (R) fp64, without gradient: how likely the model would write the response itself (WPO, arXiv
/// 2406.11827).
at::Tensor response_logps(const Model& model, const ModelInput& input,
                          at::Tensor* confidence = nullptr);

/// Identity of what a model sees of an example: its prompt and responses, in order.
std::string example_hash(const TrainExample& example);

/// What a reference pass had to compute; the rest was in the cache.
struct ReferencePass {
  double seconds = 0;
  int64_t tokens = 0;
};

/// The responses' sums of log-probabilities under `model`, whose identity is `model_hash`: from the
/// cache, else computed and put there. One list an example, in the order of its responses. A value
/// that is not finite is an error that names the example, and is not kept.
std::vector<std::vector<double>> reference_logps(const Model& model, const std::string& model_hash,
                                                 const std::vector<TrainExample>& examples,
                                                 const MicroBatching& batching,
                                                 ReferenceCache& cache, ReferencePass& pass,
                                                 double tail_weight = 1);

}  // namespace amalgam
