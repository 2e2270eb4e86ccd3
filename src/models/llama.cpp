// Llama 2 (arXiv 2307.09288), Llama 3 (arXiv 2407.21783), Yi (arXiv 2403.04652).
#include "models/pre_norm_decoder.h"

namespace amalgam {

std::unique_ptr<Model> make_llama(const Json& config, at::ScalarType dtype, at::Device device) {
  PreNormOptions options;
  const bool attention_bias = config_value<bool>(config, "attention_bias", false);
  options.attention = {.qkv_bias = attention_bias, .output_bias = attention_bias};
  options.mlp_bias = config_value<bool>(config, "mlp_bias", false);
  return make_pre_norm_decoder(config, options, dtype, device);
}

}  // namespace amalgam
