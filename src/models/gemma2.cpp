// Gemma 2 (arXiv 2408.00118): four norms a layer that multiply by 1 + w, capped attention scores
// and logits, a sliding window in every other layer, scaled embeddings.
#include <cmath>

#include "models/sandwich_decoder.h"

namespace amalgam {

std::unique_ptr<Model> make_gemma2(const Json& config, at::ScalarType dtype, at::Device device) {
  SandwichOptions options;
  options.defaults = {
      .tied = true, .activation_key = "hidden_activation", .activation = "gelu_pytorch_tanh"};
  const auto bias = config_value<bool>(config, "attention_bias", false);
  options.attention = {.qkv_bias = bias, .output_bias = bias};
  options.params.scale = 1 / std::sqrt(config_value<double>(config, "query_pre_attn_scalar", 256));
  options.params.softcap = config_switch<double>(config, "attn_logit_softcapping", 50);
  options.logit_softcap = config_switch<double>(config, "final_logit_softcapping", 30);
  options.windows = layer_windows(config, layer_count(config), sliding_window(config, 4096),
                                  [](int64_t layer) { return layer % 2 == 0; });
  return make_sandwich_decoder(config, options, dtype, device);
}

}  // namespace amalgam
