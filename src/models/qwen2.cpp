// Qwen2 and Qwen2.5 (arXiv 2407.10671, 2412.15115): Llama with a bias on queries, keys and values,
// and optionally a sliding window in the upper layers.
#include "models/pre_norm_decoder.h"

namespace amalgam {

std::unique_ptr<Model> make_qwen2(const Json& config, at::ScalarType dtype, at::Device device) {
  const bool use_window = config_value<bool>(config, "use_sliding_window", false);
  const int64_t window = use_window ? config_switch<int64_t>(config, "sliding_window", 4096) : 0;
  const auto first = config_value<int64_t>(config, "max_window_layers", 28);
  PreNormOptions options;
  options.attention_bias = {.qkv = true, .output = false};
  options.windows = layer_windows(config, config_value<int64_t>(config, "num_hidden_layers"),
                                  window, [first](int64_t layer) { return layer >= first; });
  return make_pre_norm_decoder(config, options, dtype, device);
}

}  // namespace amalgam
