// What a Hugging Face folder holds, told from config.json and the headers of its weights: nothing
// is loaded.
#pragma once

#include <cstdint>
#include <map>
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
};
CheckpointSummary summarize_checkpoint(const fs::path& folder);

/// Bytes that a run is expected to take beside the program itself (about 0.3 GB).
struct MemoryForecast {
  // Running forward: weights in the computing type, cache of one token, working space of a batch.
  int64_t weights = 0, cache_per_token = 0, activations = 0;
  // Training: weights and their packed forms, fp32 masters, gradients and moments, what the
  // backward of a micro-batch needs.
  int64_t training_state = 0, training_activations = 0;
};
/// For `batch_tokens` tokens computed together in a type of `type_bytes`. `shape`: of the decoder.
MemoryForecast forecast_memory(const CheckpointSummary& summary, const Json& config,
                               const ModelShape& shape, int64_t type_bytes, int64_t batch_tokens);

}  // namespace amalgam
