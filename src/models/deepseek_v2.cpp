// DeepSeek-V2 and DeepSeek-Coder-V2 (arXiv 2405.04434, 2406.11931): latent attention, and experts
// of which some see every token. Equations are those of the first.
#include <cmath>

#include "core/error.h"
#include "core/log.h"
#include "models/experts.h"
#include "models/latent_attention.h"
#include "models/pre_norm_decoder.h"

namespace amalgam {
namespace {

LatentSizes read_sizes(const Json& config) {
  LatentSizes sizes;
  sizes.query_rank = config_switch<int64_t>(config, "q_lora_rank", 1536);
  sizes.latent = config_count(config, "kv_lora_rank", 512);
  sizes.plain = config_count(config, "qk_nope_head_dim", 128);
  sizes.rotated = config_count(config, "qk_rope_head_dim", 64);
  sizes.value = config_count(config, "v_head_dim", 128);
  if (sizes.rotated % 2 != 0)
    fail_usage("config.json: \"qk_rope_head_dim\" is {}, must be even: rotary positions turn pairs",
               sizes.rotated);
  if (sizes.value > sizes.plain + sizes.rotated)
    fail_usage("config.json: \"v_head_dim\" is {}, must not be above the size of a key, {}",
               sizes.value, sizes.plain + sizes.rotated);
  return sizes;
}

/// The keys that other families share: a head as queries and keys see it.
Json shared_keys(Json config, const LatentSizes& sizes) {
  config["head_dim"] = sizes.plain + sizes.rotated;
  const auto heads = config_count(config, "num_attention_heads");
  if (config_count(config, "num_key_value_heads", heads) != heads)
    fail_usage("config.json: \"num_key_value_heads\" must be \"num_attention_heads\" ({})", heads);
  config["num_key_value_heads"] = heads;
  return config;
}

RoutingOptions read_routing(const Json& config, int64_t experts) {
  RoutingOptions routing;
  routing.top_k = config_count(config, "num_experts_per_tok");
  routing.scale = config_value<double>(config, "routed_scaling_factor", 1.0);
  const auto scoring = config_value<std::string>(config, "scoring_func", "softmax");
  if (scoring != "softmax")
    fail_usage("config.json: \"scoring_func\" is \"{}\"; supported is softmax", scoring);
  if (config_value<bool>(config, "norm_topk_prob", false))
    warn("config.json: \"norm_topk_prob\" is true, which transformers ignores; so do we");
  const auto method = config_value<std::string>(config, "topk_method", "greedy");
  if (method == "greedy") return routing;
  if (method != "group_limited_greedy")
    fail_usage(
        "config.json: \"topk_method\" is \"{}\"; supported are greedy and group_limited_greedy",
        method);
  routing.groups = config_count(config, "n_group");
  routing.top_groups = config_count(config, "topk_group");
  if (experts % routing.groups != 0)
    fail_usage("config.json: \"n_group\" is {}, must divide \"n_routed_experts\" ({})",
               routing.groups, experts);
  if (routing.top_groups > routing.groups)
    fail_usage("config.json: \"topk_group\" is {}, there are {} groups", routing.top_groups,
               routing.groups);
  return routing;
}

/// Queries and keys are both longer by YaRN's temperature, so scores by its square.
double scale_of(const Json& config, const LatentSizes& sizes) {
  const Json settings = rope_settings(config);
  const double scale = 1 / std::sqrt(static_cast<double>(sizes.plain + sizes.rotated));
  const auto mscale = config_value<double>(settings, "mscale_all_dim", 0);
  if (mscale == 0) return scale;
  const double m = yarn_temperature(config_value<double>(settings, "factor"), mscale);
  return scale * m * m;
}

}  // namespace

std::unique_ptr<Model> make_deepseek_v2(const Json& given, at::ScalarType dtype,
                                        at::Device device) {
  const LatentSizes sizes = read_sizes(given);
  const Json config = shared_keys(given, sizes);
  ExpertOptions experts;
  experts.count = config_switch<int64_t>(config, "n_routed_experts", 64);
  if (experts.count > 0) {
    experts.size = config_count(config, "moe_intermediate_size", 1407);
    experts.routing = read_routing(config, experts.count);
  }
  const auto shared = config_switch<int64_t>(config, "n_shared_experts", 2);
  const auto dense = config_value<int64_t>(config, "first_k_dense_replace", 0);
  const auto step = config_count(config, "moe_layer_freq", 1);
  const bool attention_bias = config_value<bool>(config, "attention_bias", false);
  const bool mlp_bias = config_value<bool>(config, "mlp_bias", false);

  PreNormOptions options;
  options.rope_dim = sizes.rotated;
  options.cached = 2 * sizes.latent + sizes.rotated;
  options.make_attention = [&](Weights& weights, const std::string& name, int64_t layer,
                               const DecoderConfig& decoder, AttentionParams params) {
    params.scale = scale_of(config, sizes);
    return LatentAttention(weights, name, layer, decoder, sizes, attention_bias, params);
  };
  options.make_mlp = [&](Weights& weights, const std::string& name, int64_t layer,
                         const DecoderConfig& decoder) -> MlpBlock {
    if (experts.count == 0 || layer < dense || layer % step != 0)
      return make_gated_mlp(weights, name, decoder, decoder.mlp_size, mlp_bias);
    SparseMlp mlp = make_sparse_mlp(weights, name, decoder, experts);  // (20) to (22)
    if (shared > 0)
      mlp.shared = make_gated_mlp(weights, name + ".shared_experts", decoder, shared * experts.size,
                                  mlp_bias);
    return mlp;
  };
  return make_pre_norm_decoder(config, options, dtype, device);
}

}  // namespace amalgam
