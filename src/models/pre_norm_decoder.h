// The decoder that Llama made common: RMSNorm before attention and before the MLP, rotary
// positions, grouped key/value heads, a gated MLP. Families that differ from it only in the options
// below share it.
#pragma once

#include <memory>
#include <vector>

#include "models/layers.h"

namespace amalgam {

struct PreNormOptions {
  AttentionBias attention_bias;
  bool mlp_bias = false;
  std::vector<int64_t> windows;  // of each layer; empty: none has one
};

std::unique_ptr<Model> make_pre_norm_decoder(const Json& config, const PreNormOptions& options,
                                             at::ScalarType dtype, at::Device device);

}  // namespace amalgam
