// Phi-3 and Phi-3.5 (arXiv 2404.14219): Llama whose projections are stored merged, with LongRoPE
// for the long contexts.
#include "models/pre_norm_decoder.h"

namespace amalgam {
namespace {

/// The keys as today's config.json has them: early releases call LongRoPE "su" or "yarn", and leave
/// out the length before stretching.
Json current_keys(Json config) {
  if (!config.contains("original_max_position_embeddings"))
    config["original_max_position_embeddings"] = 4096;
  for (const char* key : {"rope_scaling", "rope_parameters"})
    for (const char* type : {"type", "rope_type"})
      if (config.contains(key) && config[key].is_object() && config[key].contains(type) &&
          config[key][type] == "yarn")
        config[key][type] = "longrope";
  return config;
}

}  // namespace

std::unique_ptr<Model> make_phi3(const Json& given, at::ScalarType dtype, at::Device device) {
  const Json config = current_keys(given);
  const auto window = sliding_window(config, 0);
  PreNormOptions options;
  options.defaults.norm_eps = 1e-5;
  options.rope.partial = true;
  options.windows =
      layer_windows(config, layer_count(config), window, [](int64_t) { return true; });
  options.make_attention = [](Weights& weights, const std::string& name, int64_t layer,
                              const DecoderConfig& decoder, const AttentionParams& params) {
    const ModelShape& shape = decoder.shape;
    const int64_t query = shape.heads * shape.head_dim, key = shape.kv_heads * shape.head_dim;
    const Linear qkv = weights.linear({{name + ".qkv_proj", query + 2 * key}}, shape.hidden);
    const Linear output = weights.linear({{name + ".o_proj", shape.hidden}}, query);
    return make_self_attention(qkv, output, layer, decoder, params);
  };
  options.make_mlp = [](Weights& weights, const std::string& name, int64_t,
                        const DecoderConfig& decoder) {
    const int64_t hidden = decoder.shape.hidden, size = decoder.mlp_size;
    return GatedMlp{weights.linear({{name + ".gate_up_proj", 2 * size}}, hidden),
                    weights.linear({{name + ".down_proj", hidden}}, size), decoder.activation};
  };
  return make_pre_norm_decoder(config, options, dtype, device);
}

}  // namespace amalgam
