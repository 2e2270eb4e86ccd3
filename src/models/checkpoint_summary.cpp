#include "models/checkpoint_summary.h"

#include <c10/core/ScalarType.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "core/error.h"
#include "models/layers.h"
#include "models/pretrained.h"
#include "models/stored_weights.h"

namespace amalgam {
namespace {

constexpr std::string_view kExperts = ".experts.";

bool is_embedding(const std::string& name) {
  for (const char* end : {"embed_tokens.weight", "tok_embeddings.weight", "word_embeddings.weight",
                          "lm_head.weight", "output.weight"}) {
    // InternLM2's head is "output.weight" alone; layers have an output of their own.
    const bool whole = name == end || name.ends_with(std::string(".") + end);
    if (whole && name.find("layer") == std::string::npos) return true;
  }
  return false;
}

/// "model.layers.3.mlp.experts." and how many of them there are, by the highest number.
std::map<std::string, int64_t> expert_counts(const StoredWeights& stored) {
  std::map<std::string, int64_t> counts;
  for (const std::string& name : stored.names()) {
    const size_t at = name.find(kExperts);
    if (at == std::string::npos) continue;
    const size_t begin = at + kExperts.size();
    int64_t& count = counts[name.substr(0, begin)];
    int32_t number = 0;
    const auto [end, status] =
        std::from_chars(name.data() + begin, name.data() + name.size(), number);
    if (status == std::errc() && number >= 0)
      count = std::max<int64_t>(count, int64_t{number} + 1);
    else if (!stored.entry(name).shape.empty())
      count = std::max(count, stored.entry(name).shape[0]);  // all experts in one tensor
  }
  return counts;
}

double number_at(const Json& config, const char* key, int64_t fallback) {
  return static_cast<double>(config_value<int64_t>(config, key, fallback));
}

/// Numbers of a token in a layer.
struct Widths {
  Widths(const Json& config, const ModelShape& shape)
      : layers(static_cast<double>(shape.layers)),
        hidden(static_cast<double>(shape.hidden)),
        query(static_cast<double>(shape.heads * shape.head_dim)),
        keys(static_cast<double>(2 * shape.kv_heads * shape.head_dim)),
        mlp(number_at(config, "moe_intermediate_size", 0) > 0
                ? number_at(config, "moe_intermediate_size", 0) *
                      number_at(config, "num_experts_per_tok", 1)
                : number_at(config, "intermediate_size", 4 * shape.hidden)) {}
  double layers, hidden, query, keys, mlp;
};

/// Whether the language model's head is its embedding.
bool is_tied(const CheckpointSummary& summary) {
  return summary.decoder && summary.decoder->weights().tied();
}

std::shared_ptr<const Model> decoder_of(const StoredWeights& stored, Json config) {
  try {
    return make_model_for(stored, config, at::kFloat, at::kMeta);
  } catch (const Error&) {
    return nullptr;
  }
}

/// The forecast of a config with absurd sizes is absurd, but a number.
int64_t whole(double value) { return static_cast<int64_t>(std::clamp(value, 0.0, 9e18)); }

}  // namespace

CheckpointSummary summarize_checkpoint(const fs::path& folder) {
  const Json config = read_model_config(folder / "config.json");
  const StoredWeights stored(folder);
  CheckpointSummary summary;
  summary.architecture = architecture_of(config);
  summary.files = stored.file_count();
  const auto experts = expert_counts(stored);
  const auto routed = config_value<int64_t>(config, "num_experts_per_tok", 0);
  summary.decoder = decoder_of(stored, config);
  const auto tied = is_tied(summary) ? summary.decoder->weights().tied() : std::nullopt;
  const bool stored_twice = tied && stored.contains(tied->embedding) && stored.contains(tied->head);
  for (const std::string& name : stored.names()) {
    const SafetensorsFile::Entry& entry = stored.entry(name);
    int64_t size = 1;
    for (const int64_t each : entry.shape) size *= each;
    const auto bytes = static_cast<int64_t>(entry.end - entry.begin);
    ++summary.tensors;
    summary.bytes += bytes;
    summary.largest_tensor = std::max(summary.largest_tensor, bytes);
    if (stored_twice && name == tied->head) continue;
    summary.parameters += size;
    summary.dtypes[c10::toString(entry.dtype)] += size;
    summary.tensor_sizes[name] = size;
    if (is_embedding(name)) summary.embedding += size;
    const size_t at = name.find(kExperts);
    const int64_t all =
        at == std::string::npos ? 0 : experts.at(name.substr(0, at + kExperts.size()));
    // Stored sizes are as large as files may be: the product needs more than 64 bits.
    const bool sparse = all > 0 && routed > 0;
    summary.active +=
        sparse ? static_cast<int64_t>(__int128{size} * std::min(routed, all) / all) : size;
  }
  return summary;
}

InferenceMemory forecast_inference(const CheckpointSummary& summary, const Json& config,
                                   const ModelShape& shape, int64_t type_bytes, int64_t tokens) {
  const Widths widths(config, shape);
  const auto type = static_cast<double>(type_bytes);
  InferenceMemory memory;
  // A tied head is packed beside the embedding.
  memory.weights = (summary.parameters + (is_tied(summary) ? summary.embedding : 0)) * type_bytes;
  memory.cache_per_token = whole(type * widths.layers * static_cast<double>(shape.cached));
  // The residual stream, its norm, and the wider half of a layer.
  memory.activations =
      whole(static_cast<double>(tokens) * type *
            (3 * widths.hidden + std::max(4 * widths.query + 2 * widths.keys, 3 * widths.mlp)));
  return memory;
}

TrainingMemory forecast_training(const CheckpointSummary& summary, const Json& config,
                                 const ModelShape& shape, const TrainingSetup& setup) {
  const Widths widths(config, shape);
  const auto type = static_cast<double>(setup.type_bytes);
  const auto tokens = static_cast<double>(setup.micro_batch_tokens);
  TrainingMemory memory;
  // Of each parameter: itself and two packed forms; gradient, its sum, two moments and, where the
  // computing type is not fp32, the master. An embedding that is no head is not packed.
  const int64_t master = setup.type_bytes == 4 ? 0 : 4;
  const int64_t trained =
      setup.adapters_alone ? 0 : setup.type_bytes + setup.gradient_bytes + 8 + master;
  const int64_t packed = summary.parameters - (is_tied(summary) ? 0 : summary.embedding / 2);
  memory.state = summary.parameters * (setup.type_bytes + trained) + packed * 2 * setup.type_bytes;
  // What a block keeps: two sums and their norms, queries, keys and values, what attention gives,
  // the gated product and its factors.
  const double block = 4 * widths.hidden + 2 * widths.query + widths.keys + 3 * widths.mlp;
  const double kept = setup.activation_checkpointing ? widths.layers * 2 * widths.hidden + block
                                                     : widths.layers * block;
  memory.activations = whole(tokens * type * kept);
  return memory;
}

}  // namespace amalgam
