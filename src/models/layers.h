// What families share: the keys of config.json they have in common, and the two halves of a decoder
// layer. Shapes: T tokens, D hidden size, H query heads, G key/value heads, d head size, F MLP
// size, V vocabulary.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "models/model.h"
#include "models/rope.h"

namespace amalgam {

/// `value` of `key` where it is one that sizes are computed from without overflow, else a usage
/// error.
int64_t config_in_range(std::string_view key, int64_t value);

/// A key of config.json; errors name the file and the key.
template <class T>
T config_value(const Json& config, std::string_view key) {
  T value = require<T>(config, key, "config.json");
  if constexpr (std::is_same_v<T, int64_t>) config_in_range(key, value);
  return value;
}
/// As config_value, but `fallback` where the key is absent or null.
template <class T>
T config_value(const Json& config, std::string_view key, T fallback) {
  const auto found = config.find(key);
  return found == config.end() || found->is_null() ? fallback : config_value<T>(config, key);
}
/// A number whose null turns something off: 0 where it is null, `absent` where the key is absent.
template <class T>
T config_switch(const Json& config, std::string_view key, T absent) {
  return config.contains(key) ? config_value<T>(config, key, 0) : absent;
}
/// A size or count, at least 1 and at most `most`; `fallback` where the key is absent or null.
int64_t config_count(const Json& config, std::string_view key, std::optional<int64_t> fallback = {},
                     int64_t most = int64_t{1} << 26);
/// "num_hidden_layers".
int64_t layer_count(const Json& config);
/// "sliding_window", 0 (null: none) or more.
int64_t sliding_window(const Json& config, int64_t absent);

/// What config.json says under the same keys for every family.
struct DecoderConfig {
  ModelShape shape;
  int64_t mlp_size = 0;  // F
  double norm_eps = 0;
  bool tied = false;  // the head is the embedding
  Activation activation = Activation::kSilu;
};
struct DecoderDefaults {
  bool tied = false;
  const char* activation_key = "hidden_act";
  const char* activation = "silu";
  double norm_eps = 1e-6;
  int64_t head_dim = 0;  // 0: hidden size by heads
};
DecoderConfig read_decoder_config(const Json& config, const DecoderDefaults& defaults = {});

/// The sliding window of each layer, 0 for none: `window` in the layers that "layer_types" names
/// (transformers 5), where that key is absent in those that `slides` names.
std::vector<int64_t> layer_windows(const Json& config, int64_t layers, int64_t window,
                                   const std::function<bool(int64_t layer)>& slides);
/// As Qwen's families have it: "sliding_window" if "use_sliding_window", in `slides` (or
/// "layer_types").
std::vector<int64_t> switched_windows(const Json& config,
                                      const std::function<bool(int64_t layer)>& slides);

/// What the halves of a layer do with the normed stream x (T, D) -> (T, D).
using AttentionBlock =
    std::function<at::Tensor(const at::Tensor& x, const RopeTables&, AttentionContext&)>;
using MlpBlock = std::function<at::Tensor(const at::Tensor& x)>;

struct SelfAttention {
  Linear qkv;     // ((H + 2 G) d, D)
  Linear output;  // (D, H d)
  int64_t layer = 0, heads = 0, kv_heads = 0;
  AttentionParams params;
  bool by_kv_head = false;    // rows of qkv: for each key head its queries, the key, the value
  at::Tensor q_norm, k_norm;  // (d), before the rotation; undefined: none
  double norm_eps = 0, norm_offset = 0;

  at::Tensor operator()(const at::Tensor& x, const RopeTables& rope,
                        AttentionContext& attention) const;
};
struct AttentionOptions {
  bool qkv_bias = false, output_bias = false;
  bool head_norms = false;  // NAME.q_norm, k_norm
  double norm_offset = 0;   // of those
};
/// Weights NAME.q_proj, k_proj, v_proj, o_proj.
SelfAttention make_self_attention(Weights& weights, const std::string& name, int64_t layer,
                                  const DecoderConfig& config, const AttentionOptions& options,
                                  const AttentionParams& params);
/// The same from projections that are stored otherwise.
SelfAttention make_self_attention(Linear qkv, Linear output, int64_t layer,
                                  const DecoderConfig& config, const AttentionParams& params);

/// split_rotary, or where the tables are narrower than the heads only the first part of each turns.
Heads split_heads(const at::Tensor& qkv, const RopeTables& rope, int64_t heads, int64_t kv_heads);

struct GatedMlp {
  Linear gate_up;  // (2 F, D)
  Linear down;     // (D, F)
  Activation activation = Activation::kSilu;

  /// x (T, D) -> (T, D): down(act(gate x) * up x).
  at::Tensor operator()(const at::Tensor& x) const;
};
struct MlpNames {
  const char *gate = "gate_proj", *up = "up_proj", *down = "down_proj";
};
/// Weights NAME.gate_proj, up_proj, down_proj, of `size`.
GatedMlp make_gated_mlp(Weights& weights, const std::string& name, const DecoderConfig& config,
                        int64_t size, bool bias = false, const MlpNames& names = {});

/// The embedding and the head, one tensor where they are tied.
struct Vocabulary {
  at::Tensor embedding;  // (V, D)
  Linear head;           // (V, D)
};
/// Two tensors, one where they are tied.
Vocabulary make_vocabulary(Weights& weights, const DecoderConfig& config,
                           const std::string& embedding = "model.embed_tokens",
                           const std::string& head = "lm_head");

/// A norm's weight (D); `initial` is the value it starts training from.
at::Tensor make_norm(Weights& weights, const std::string& name, int64_t size, double initial = 1);

/// Rows `wanted` of x, all where that is undefined.
at::Tensor wanted_rows(const at::Tensor& x, const at::Tensor& wanted);

/// "model.layers.7".
std::string layer_name(int64_t layer);

}  // namespace amalgam
