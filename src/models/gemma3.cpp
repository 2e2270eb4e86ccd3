// Gemma 3 (arXiv 2503.19786), text: Gemma 2 without caps, with norms on queries and keys; of every
// six layers five have a sliding window, and turn positions by a base of their own.
#include <cmath>

#include "core/error.h"
#include "core/log.h"
#include "models/sandwich_decoder.h"

namespace amalgam {
namespace {

constexpr double kTheta = 1e6, kLocalTheta = 1e4;

/// "rope_parameters" of one type of layer, where transformers 5 keeps them by type; else null.
Json nested(const Json& config, const char* type) {
  const Json all = config_value<Json>(config, "rope_parameters", Json());
  if (!all.is_object() || !(all.contains("full_attention") || all.contains("sliding_attention")))
    return Json();
  return config_value<Json>(all, type, Json::object());
}

/// config.json as the rotation of the full layers reads it, then as that of the sliding ones does.
Json full_keys(Json config) {
  Json settings = nested(config, "full_attention");
  if (settings.is_null()) return config;
  const Json scaling = config_value<Json>(config, "rope_scaling", Json::object());
  if (!scaling.is_object()) fail_usage("config.json: \"rope_scaling\" is not an object");
  settings.update(scaling);
  config["rope_scaling"] = nullptr;
  config["rope_parameters"] = settings;
  return config;
}
Json local_keys(Json config) {
  const Json settings = nested(config, "sliding_attention");
  config["rope_scaling"] = nullptr;
  config["rope_parameters"] = settings;
  config["rope_theta"] = config_value<double>(config, "rope_local_base_freq", kLocalTheta);
  return config;
}

}  // namespace

std::unique_ptr<Model> make_gemma3(const Json& config, at::ScalarType dtype, at::Device device) {
  if (config_value<bool>(config, "use_bidirectional_attention", false))
    fail_usage("config.json: \"use_bidirectional_attention\" is true: an encoder, not a decoder");
  SandwichOptions options;
  options.defaults = {.tied = true,
                      .activation_key = "hidden_activation",
                      .activation = "gelu_pytorch_tanh",
                      .head_dim = 256};
  options.rope.theta = kTheta;
  const auto bias = config_value<bool>(config, "attention_bias", false);
  options.attention = {.qkv_bias = bias, .output_bias = bias, .head_norms = true, .norm_offset = 1};
  options.params.scale = 1 / std::sqrt(config_value<double>(config, "query_pre_attn_scalar", 256));
  if (config_switch<double>(config, "attn_logit_softcapping", 0) > 0)
    warn("config.json: \"attn_logit_softcapping\" is set, which transformers ignores; so do we");
  options.logit_softcap = config_switch<double>(config, "final_logit_softcapping", 0);
  const auto layers = layer_count(config);
  const auto pattern = config_count(config, "sliding_window_pattern",
                                    config_count(config, "_sliding_window_pattern", 6));
  const auto windows = [&](int64_t window) {
    return layer_windows(config, layers, window,
                         [&](int64_t layer) { return (layer + 1) % pattern != 0; });
  };
  options.windows = windows(sliding_window(config, 4096));
  for (const int64_t slides : windows(1)) options.local.push_back(slides == 1);
  options.local_config = local_keys(config);
  return make_sandwich_decoder(full_keys(config), options, dtype, device);
}

}  // namespace amalgam
