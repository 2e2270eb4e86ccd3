// Qwen2 and Qwen2.5 (arXiv 2407.10671, 2412.15115): Llama with a bias on queries, keys and values,
// and optionally a sliding window in the upper layers.
#include "models/pre_norm_decoder.h"

namespace amalgam {

std::unique_ptr<Model> make_qwen2(const Json& config, at::ScalarType dtype, at::Device device) {
  const auto first = config_value<int64_t>(config, "max_window_layers", 28);
  PreNormOptions options;
  options.attention = {.qkv_bias = true};
  options.windows = switched_windows(config, [first](int64_t layer) { return layer >= first; });
  return make_pre_norm_decoder(config, options, dtype, device);
}

}  // namespace amalgam
