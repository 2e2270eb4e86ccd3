// InternLM2 and InternLM2.5 (arXiv 2403.17297): Llama with other names, whose projection for
// attention holds, key head by key head, the queries that read it, the key and the value.
#include "models/pre_norm_decoder.h"

namespace amalgam {

std::unique_ptr<Model> make_internlm2(const Json& config, at::ScalarType dtype, at::Device device) {
  const bool bias = config_value<bool>(config, "bias", true);
  PreNormOptions options;
  options.names = {.embedding = "model.tok_embeddings",
                   .head = "output",
                   .attention_norm = "attention_norm",
                   .attention = "attention",
                   .mlp_norm = "ffn_norm",
                   .mlp = "feed_forward"};
  options.make_attention = [bias](Weights& weights, const std::string& name, int64_t layer,
                                  const DecoderConfig& decoder, const AttentionParams& params) {
    const ModelShape& shape = decoder.shape;
    const int64_t query = shape.heads * shape.head_dim, key = shape.kv_heads * shape.head_dim;
    const Linear qkv = weights.linear({{name + ".wqkv", query + 2 * key}}, shape.hidden, bias);
    const Linear output = weights.linear({{name + ".wo", shape.hidden}}, query, bias);
    SelfAttention attention = make_self_attention(qkv, output, layer, decoder, params);
    attention.by_kv_head = true;
    return attention;
  };
  options.make_mlp = [](Weights& weights, const std::string& name, int64_t,
                        const DecoderConfig& decoder) {
    return make_gated_mlp(weights, name, decoder, decoder.mlp_size, false,
                          {.gate = "w1", .up = "w3", .down = "w2"});
  };
  return make_pre_norm_decoder(config, options, dtype, device);
}

}  // namespace amalgam
