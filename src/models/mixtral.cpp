// Mixtral (arXiv 2401.04088): Mistral with a sparse mixture of experts in every layer.
#include "models/experts.h"
#include "models/pre_norm_decoder.h"

namespace amalgam {

std::unique_ptr<Model> make_mixtral(const Json& config, at::ScalarType dtype, at::Device device) {
  ExpertOptions experts;
  experts.count = config_count(config, "num_local_experts", 8);
  experts.names = {.gate = "w1", .up = "w3", .down = "w2"};
  experts.routing.top_k = config_count(config, "num_experts_per_tok", 2);
  experts.routing.normalised = true;
  const auto window = sliding_window(config, 0);
  PreNormOptions options;
  options.defaults.norm_eps = 1e-5;
  options.rope.theta = 1e6;
  options.names.mlp = "block_sparse_moe";
  options.windows =
      layer_windows(config, layer_count(config), window, [](int64_t) { return true; });
  options.make_mlp = [experts](Weights& weights, const std::string& name, int64_t,
                               const DecoderConfig& decoder) mutable {
    experts.size = decoder.mlp_size;
    return make_sparse_mlp(weights, name, decoder, experts);
  };
  return make_pre_norm_decoder(config, options, dtype, device);
}

}  // namespace amalgam
