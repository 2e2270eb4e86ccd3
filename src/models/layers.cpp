#include "models/layers.h"

#include <ATen/ops/cat.h>

#include <utility>

#include "core/error.h"

namespace amalgam {
namespace {

constexpr int64_t kMostLayers = 10'000, kMostHeads = 16'384;

Activation activation_of(const std::string& name, std::string_view key) {
  if (name == "silu" || name == "swish") return Activation::kSilu;
  if (name == "gelu_pytorch_tanh") return Activation::kGeluTanh;
  if (name == "gelu") return Activation::kGelu;
  fail_usage("config.json: \"{}\" is \"{}\"; supported are silu, swish, gelu and gelu_pytorch_tanh",
             key, name);
}

}  // namespace

int64_t config_in_range(std::string_view key, int64_t value) {
  constexpr int64_t kMost = int64_t{1} << 31;
  if (value < -kMost || value > kMost)
    fail_usage("config.json: \"{}\" is {}, out of the range of sizes", key, value);
  return value;
}

int64_t config_count(const Json& config, std::string_view key, std::optional<int64_t> fallback,
                     int64_t most) {
  const auto value =
      fallback ? config_value<int64_t>(config, key, *fallback) : config_value<int64_t>(config, key);
  if (value < 1) fail_usage("config.json: \"{}\" is {}, must be at least 1", key, value);
  if (value > most) fail_usage("config.json: \"{}\" is {}, must be at most {}", key, value, most);
  return value;
}

int64_t layer_count(const Json& config) {
  return config_count(config, "num_hidden_layers", {}, kMostLayers);
}

int64_t sliding_window(const Json& config, int64_t absent) {
  const auto window = config_switch<int64_t>(config, "sliding_window", absent);
  if (window < 0) fail_usage("config.json: \"sliding_window\" is {}, must be 0 or more", window);
  return window;
}

DecoderConfig read_decoder_config(const Json& config, const DecoderDefaults& defaults) {
  DecoderConfig read;
  ModelShape& shape = read.shape;
  shape.layers = layer_count(config);
  shape.hidden = config_count(config, "hidden_size");
  shape.heads = config_count(config, "num_attention_heads", {}, kMostHeads);
  shape.kv_heads = config_count(config, "num_key_value_heads", shape.heads);
  shape.head_dim = config_count(
      config, "head_dim", defaults.head_dim > 0 ? defaults.head_dim : shape.hidden / shape.heads);
  shape.vocab = config_count(config, "vocab_size");
  config_count(config, "max_position_embeddings");
  shape.max_positions = stretched_window(config);
  shape.cached = 2 * shape.kv_heads * shape.head_dim;
  if (shape.heads % shape.kv_heads != 0)
    fail_usage("config.json: \"num_attention_heads\" ({}) must be a multiple of {} ({})",
               shape.heads, "\"num_key_value_heads\"", shape.kv_heads);
  if (shape.head_dim < 2 || shape.head_dim % 2 != 0)
    fail_usage("config.json: \"head_dim\" is {}, must be even: rotary positions turn pairs",
               shape.head_dim);
  read.mlp_size = config_count(config, "intermediate_size");
  read.norm_eps = config_value<double>(config, "rms_norm_eps", defaults.norm_eps);
  read.tied = config_value<bool>(config, "tie_word_embeddings", defaults.tied);
  read.activation =
      activation_of(config_value<std::string>(config, defaults.activation_key, defaults.activation),
                    defaults.activation_key);
  return read;
}

std::vector<int64_t> layer_windows(const Json& config, int64_t layers, int64_t window,
                                   const std::function<bool(int64_t)>& slides) {
  const Json types = config_value<Json>(config, "layer_types", Json());
  const auto count = static_cast<size_t>(layers);
  if (!types.is_null() && (!types.is_array() || types.size() != count))
    fail_usage("config.json: \"layer_types\" must name {} layers", layers);
  std::vector<int64_t> windows(count);
  for (size_t i = 0; i < count; ++i) {
    const bool named =
        types.is_null() ? slides(static_cast<int64_t>(i)) : types[i] == "sliding_attention";
    if (!types.is_null() && !named && types[i] != "full_attention")
      fail_usage("config.json: \"layer_types\" has {}; supported are {}", to_line(types[i]),
                 "full_attention and sliding_attention");
    windows[i] = named ? window : 0;
  }
  return windows;
}

std::vector<int64_t> switched_windows(const Json& config,
                                      const std::function<bool(int64_t)>& slides) {
  const bool used = config_value<bool>(config, "use_sliding_window", false);
  const int64_t window = used ? sliding_window(config, 4096) : 0;
  return layer_windows(config, layer_count(config), window, slides);
}

SelfAttention make_self_attention(Linear qkv, Linear output, int64_t layer,
                                  const DecoderConfig& config, const AttentionParams& params) {
  SelfAttention attention;
  attention.qkv = std::move(qkv);
  attention.output = std::move(output);
  attention.layer = layer;
  attention.heads = config.shape.heads;
  attention.kv_heads = config.shape.kv_heads;
  attention.params = params;
  attention.norm_eps = config.norm_eps;
  return attention;
}

SelfAttention make_self_attention(Weights& weights, const std::string& name, int64_t layer,
                                  const DecoderConfig& config, const AttentionOptions& options,
                                  const AttentionParams& params) {
  const ModelShape& shape = config.shape;
  const int64_t query = shape.heads * shape.head_dim, key = shape.kv_heads * shape.head_dim;
  const Linear qkv =
      weights.linear({{name + ".q_proj", query}, {name + ".k_proj", key}, {name + ".v_proj", key}},
                     shape.hidden, options.qkv_bias);
  const Linear output =
      weights.linear({{name + ".o_proj", shape.hidden}}, query, options.output_bias);
  SelfAttention attention = make_self_attention(qkv, output, layer, config, params);
  if (options.head_norms) {
    attention.norm_offset = options.norm_offset;
    const double initial = 1 - options.norm_offset;
    attention.q_norm = make_norm(weights, name + ".q_norm", shape.head_dim, initial);
    attention.k_norm = make_norm(weights, name + ".k_norm", shape.head_dim, initial);
  }
  return attention;
}

Heads split_heads(const at::Tensor& qkv, const RopeTables& rope, int64_t heads, int64_t kv_heads) {
  const int64_t all = heads + 2 * kv_heads, size = qkv.size(1) / all;
  const int64_t turned = 2 * rope.cos.size(1);
  if (turned == size) return split_rotary(qkv, rope.cos, rope.sin, heads, kv_heads);
  const at::Tensor split = qkv.view({qkv.size(0), all, size});
  const Heads first =
      split_rotary(split.narrow(2, 0, turned).flatten(1), rope.cos, rope.sin, heads, kv_heads);
  const auto rest =
      split.narrow(2, turned, size - turned).split_with_sizes({heads, kv_heads, kv_heads}, 1);
  return {at::cat({first.q, rest[0]}, 2), at::cat({first.k, rest[1]}, 2),
          at::cat({first.v, rest[2]}, 2)};
}

at::Tensor SelfAttention::operator()(const at::Tensor& x, const RopeTables& rope,
                                     AttentionContext& attention) const {
  at::Tensor projected = qkv(x);
  const int64_t tokens = x.size(0), share = heads / kv_heads;
  const int64_t size = projected.size(1) / (heads + 2 * kv_heads);
  if (by_kv_head) {
    const at::Tensor rows = projected.view({tokens, kv_heads, share + 2, size});
    const auto parts = rows.split_with_sizes({share, 1, 1}, 2);
    projected = at::cat({parts[0].flatten(1), parts[1].flatten(1), parts[2].flatten(1)}, 1);
  }
  if (q_norm.defined()) {
    const auto parts =
        projected.split_with_sizes({heads * size, kv_heads * size, kv_heads * size}, 1);
    const auto normed = [&](const at::Tensor& part, const at::Tensor& weight) {
      return rms_norm(part.reshape({-1, size}), weight, norm_eps, norm_offset).view(part.sizes());
    };
    projected = at::cat({normed(parts[0], q_norm), normed(parts[1], k_norm), parts[2]}, 1);
  }
  const Heads split = split_heads(projected, rope, heads, kv_heads);
  return output(attention.attend(layer, split.q, split.k, split.v, params).flatten(1));
}

GatedMlp make_gated_mlp(Weights& weights, const std::string& name, const DecoderConfig& config,
                        int64_t size, bool bias, const MlpNames& names) {
  const int64_t hidden = config.shape.hidden;
  const std::string prefix = name + ".";
  return {weights.linear({{prefix + names.gate, size}, {prefix + names.up, size}}, hidden, bias),
          weights.linear({{prefix + names.down, hidden}}, size, bias), config.activation};
}

at::Tensor GatedMlp::operator()(const at::Tensor& x) const {
  return down(gate_up.gated(x, activation));
}

Vocabulary make_vocabulary(Weights& weights, const DecoderConfig& config,
                           const std::string& embedding, const std::string& head) {
  const ModelShape& shape = config.shape;
  const at::Tensor rows = weights.tensor(embedding + ".weight", {shape.vocab, shape.hidden});
  if (!config.tied) return {rows, weights.linear({{head, shape.vocab}}, shape.hidden)};
  weights.tie({embedding + ".weight", head + ".weight"});
  return {rows, Linear(rows)};
}

at::Tensor make_norm(Weights& weights, const std::string& name, int64_t size, double initial) {
  return weights.tensor(name + ".weight", {size}, initial);
}

at::Tensor wanted_rows(const at::Tensor& x, const at::Tensor& wanted) {
  return wanted.defined() ? x.index_select(0, wanted) : x;
}

std::string layer_name(int64_t layer) { return fmt::format("model.layers.{}", layer); }

}  // namespace amalgam
