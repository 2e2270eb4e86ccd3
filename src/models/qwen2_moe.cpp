// Qwen1.5-MoE and Qwen2-MoE (arXiv 2407.10671, section 2.2.2): Qwen2 with many small experts, and
// one that sees every token behind a gate of its own.
#include "core/error.h"
#include "models/experts.h"
#include "models/pre_norm_decoder.h"

namespace amalgam {
namespace {

std::vector<bool> sparse_layers(const Json& config, int64_t layers, int64_t experts) {
  const auto step = config_count(config, "decoder_sparse_step", 1);
  std::vector<bool> sparse(static_cast<size_t>(layers));
  for (int64_t i = 0; i < layers; ++i)
    sparse[static_cast<size_t>(i)] = experts > 0 && (i + 1) % step == 0;
  const Json dense = config_value<Json>(config, "mlp_only_layers", Json::array());
  if (!dense.is_array()) fail_usage("config.json: \"mlp_only_layers\" must be a list of layers");
  for (const Json& layer : dense) {
    if (!layer.is_number_integer())
      fail_usage("config.json: \"mlp_only_layers\" must be a list of layers");
    const auto index = layer.get<int64_t>();
    if (index >= 0 && index < layers) sparse[static_cast<size_t>(index)] = false;
  }
  return sparse;
}

}  // namespace

std::unique_ptr<Model> make_qwen2_moe(const Json& config, at::ScalarType dtype, at::Device device) {
  ExpertOptions experts;
  experts.count = config_value<int64_t>(config, "num_experts", 60);
  experts.routing.top_k = config_count(config, "num_experts_per_tok", 4);
  experts.routing.normalised = config_value<bool>(config, "norm_topk_prob", false);
  const std::vector<bool> sparse = sparse_layers(config, layer_count(config), experts.count);
  const auto last = config_value<int64_t>(config, "max_window_layers", 28);
  PreNormOptions options;
  options.attention = {.qkv_bias = config_value<bool>(config, "qkv_bias", true)};
  // Unlike Qwen2: every other layer below that one.
  options.windows =
      switched_windows(config, [last](int64_t layer) { return layer < last && layer % 2 == 0; });
  options.make_mlp = [&](Weights& weights, const std::string& name, int64_t layer,
                         const DecoderConfig& decoder) -> MlpBlock {
    if (!sparse[static_cast<size_t>(layer)])
      return make_gated_mlp(weights, name, decoder, decoder.mlp_size);
    experts.size = config_count(config, "moe_intermediate_size");
    SparseMlp mlp = make_sparse_mlp(weights, name, decoder, experts);
    mlp.shared = make_gated_mlp(weights, name + ".shared_expert", decoder,
                                config_count(config, "shared_expert_intermediate_size"));
    mlp.shared_gate = weights.linear({{name + ".shared_expert_gate", 1}}, decoder.shape.hidden);
    return mlp;
  };
  return make_pre_norm_decoder(config, options, dtype, device);
}

}  // namespace amalgam
