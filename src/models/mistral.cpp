// Mistral (arXiv 2310.06825): Llama with a sliding window in every layer, which later releases drop
// ("sliding_window": null).
#include "models/pre_norm_decoder.h"

namespace amalgam {

std::unique_ptr<Model> make_mistral(const Json& config, at::ScalarType dtype, at::Device device) {
  const auto window = sliding_window(config, 4096);
  PreNormOptions options;
  options.windows =
      layer_windows(config, layer_count(config), window, [](int64_t) { return true; });
  return make_pre_norm_decoder(config, options, dtype, device);
}

}  // namespace amalgam
