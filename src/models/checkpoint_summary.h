// What a Hugging Face folder holds, told from config.json and the headers of its weights: nothing
// is loaded.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "core/files.h"
#include "core/json.h"
#include "models/model.h"

namespace amalgam {

struct CheckpointSummary {
  std::string architecture;
  int64_t parameters = 0;
  int64_t active = 0;     // that one token uses: of n experts, those it is routed to
  int64_t embedding = 0;  // token embedding and head
  int64_t bytes = 0;      // as stored
  int64_t tensors = 0, files = 0;
  int64_t largest_tensor = 0;                   // bytes
  std::map<std::string, int64_t> dtypes;        // parameters of each stored type
  std::map<std::string, int64_t> tensor_sizes;  // numbers in each tensor
  /// Without data, as load_pretrained makes it; null where it is none of the language models.
  std::shared_ptr<const Model> decoder;
};
/// Of a head that is stored equal to the embedding it is tied to, only bytes and tensors count.
CheckpointSummary summarize_checkpoint(const fs::path& folder);

/// Bytes of the program and its libraries, whatever the model.
constexpr int64_t kProgramBytes = 300'000'000;

/// Bytes that running forward is expected to take beside the program: weights in the computing
/// type, cache of one token, working space of a batch.
struct InferenceMemory {
  int64_t weights = 0, cache_per_token = 0, activations = 0;
};
/// For `tokens` computed together in a type of `type_bytes`. `shape`: of the decoder.
InferenceMemory forecast_inference(const CheckpointSummary& summary, const Json& config,
                                   const ModelShape& shape, int64_t type_bytes, int64_t tokens);

/// What the memory of training depends on, besides the model.
struct TrainingSetup {
  int64_t type_bytes = 2, gradient_bytes = 4;
  int64_t micro_batch_tokens = 6144;
  bool activation_checkpointing = false;
  bool adapters_alone = false;  // LoRA: the weights stay as they are
};
/// Bytes that training is expected to take beside the program: weights and their packed forms,
/// fp32 masters, gradients and moments; what the backward of a micro-batch needs.
struct TrainingMemory {
  int64_t state = 0, activations = 0;
};
TrainingMemory forecast_training(const CheckpointSummary& summary, const Json& config,
                                 const ModelShape& shape, const TrainingSetup& setup);

}  // namespace amalgam
