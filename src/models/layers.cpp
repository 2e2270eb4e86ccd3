#include "models/layers.h"

#include <cmath>

#include "core/error.h"

namespace amalgam {
namespace {

int64_t positive(const Json& config, std::string_view key) {
  const auto value = config_value<int64_t>(config, key);
  if (value < 1) fail_usage("config.json: \"{}\" is {}, must be at least 1", key, value);
  return value;
}

int64_t positive(const Json& config, std::string_view key, int64_t fallback) {
  const auto found = config.find(key);
  return found == config.end() || found->is_null() ? fallback : positive(config, key);
}

Activation activation_of(const std::string& name, std::string_view key) {
  if (name == "silu" || name == "swish") return Activation::kSilu;
  if (name == "gelu_pytorch_tanh") return Activation::kGeluTanh;
  if (name == "gelu") return Activation::kGelu;
  fail_usage("config.json: \"{}\" is \"{}\"; supported are silu, swish, gelu and gelu_pytorch_tanh",
             key, name);
}

}  // namespace

DecoderConfig read_decoder_config(const Json& config, const DecoderDefaults& defaults) {
  DecoderConfig read;
  ModelShape& shape = read.shape;
  shape.layers = positive(config, "num_hidden_layers");
  shape.hidden = positive(config, "hidden_size");
  shape.heads = positive(config, "num_attention_heads");
  shape.kv_heads = positive(config, "num_key_value_heads", shape.heads);
  shape.head_dim = positive(config, "head_dim", shape.hidden / shape.heads);
  shape.vocab = positive(config, "vocab_size");
  shape.max_positions = positive(config, "max_position_embeddings");
  if (shape.heads % shape.kv_heads != 0)
    fail_usage("config.json: \"num_attention_heads\" ({}) must be a multiple of {} ({})",
               shape.heads, "\"num_key_value_heads\"", shape.kv_heads);
  if (shape.head_dim < 2 || shape.head_dim % 2 != 0)
    fail_usage("config.json: \"head_dim\" is {}, must be even: rotary positions turn pairs",
               shape.head_dim);
  read.mlp_size = positive(config, "intermediate_size");
  read.norm_eps = config_value<double>(config, "rms_norm_eps", 1e-6);
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

SelfAttention make_self_attention(Weights& weights, const std::string& name, int64_t layer,
                                  const DecoderConfig& config, AttentionBias bias,
                                  const AttentionParams& params) {
  const ModelShape& shape = config.shape;
  const int64_t query = shape.heads * shape.head_dim, key = shape.kv_heads * shape.head_dim;
  SelfAttention attention;
  attention.qkv =
      weights.linear({{name + ".q_proj", query}, {name + ".k_proj", key}, {name + ".v_proj", key}},
                     shape.hidden, bias.qkv);
  attention.output = weights.linear({{name + ".o_proj", shape.hidden}}, query, bias.output);
  attention.layer = layer;
  attention.heads = shape.heads;
  attention.kv_heads = shape.kv_heads;
  attention.params = params;
  return attention;
}

at::Tensor SelfAttention::operator()(const at::Tensor& x, const RopeTables& rope,
                                     AttentionContext& attention) const {
  const Heads split = split_rotary(qkv(x), rope.cos, rope.sin, heads, kv_heads);
  return output(attention.attend(layer, split.q, split.k, split.v, params).flatten(1));
}

GatedMlp make_gated_mlp(Weights& weights, const std::string& name, const DecoderConfig& config,
                        bool bias) {
  const int64_t hidden = config.shape.hidden, size = config.mlp_size;
  return {weights.linear({{name + ".gate_proj", size}, {name + ".up_proj", size}}, hidden, bias),
          weights.linear({{name + ".down_proj", hidden}}, size, bias), config.activation};
}

at::Tensor GatedMlp::operator()(const at::Tensor& x) const {
  return down(gated_activation(gate_up(x), activation));
}

Vocabulary make_vocabulary(Weights& weights, const DecoderConfig& config) {
  const ModelShape& shape = config.shape;
  const at::Tensor embedding =
      weights.tensor("model.embed_tokens.weight", {shape.vocab, shape.hidden});
  return {embedding, config.tied ? Linear(embedding)
                                 : weights.linear({{"lm_head", shape.vocab}}, shape.hidden)};
}

at::Tensor make_norm(Weights& weights, const std::string& name, int64_t size, double initial) {
  return weights.tensor(name + ".weight", {size}, initial);
}

std::string layer_name(int64_t layer) { return fmt::format("model.layers.{}", layer); }

}  // namespace amalgam
