// Qwen3 (arXiv 2505.09388), dense: Qwen2 without biases, with norms on queries and keys, head by
// head, before they are rotated.
#include "models/pre_norm_decoder.h"

namespace amalgam {

std::unique_ptr<Model> make_qwen3(const Json& config, at::ScalarType dtype, at::Device device) {
  const auto first = config_value<int64_t>(config, "max_window_layers", 28);
  const auto bias = config_value<bool>(config, "attention_bias", false);
  PreNormOptions options;
  options.defaults.head_dim = 128;
  options.attention = {.qkv_bias = bias, .output_bias = bias, .head_norms = true};
  options.windows = switched_windows(config, [first](int64_t layer) { return layer >= first; });
  return make_pre_norm_decoder(config, options, dtype, device);
}

}  // namespace amalgam
