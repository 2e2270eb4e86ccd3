// The decoder that Llama made common: RMSNorm before attention and before the MLP, rotary
// positions, grouped key/value heads, a gated MLP. Families that differ from it only in the options
// below share it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/layers.h"

namespace amalgam {

/// What makes the halves of layer i; NAME is that of its weights.
using MakeAttention = std::function<AttentionBlock(Weights&, const std::string& name, int64_t layer,
                                                   const DecoderConfig&, const AttentionParams&)>;
using MakeMlp =
    std::function<MlpBlock(Weights&, const std::string& name, int64_t layer, const DecoderConfig&)>;

/// Names in the checkpoint, those of a layer below model.layers.N.
struct DecoderNames {
  std::string embedding = "model.embed_tokens", head = "lm_head";
  std::string attention_norm = "input_layernorm", attention = "self_attn";
  std::string mlp_norm = "post_attention_layernorm", mlp = "mlp";
};

struct PreNormOptions {
  DecoderDefaults defaults;
  RopeDefaults rope;
  int64_t rope_dim = 0;  // 0: the size of a head
  DecoderNames names;
  AttentionOptions attention;
  bool mlp_bias = false;
  std::vector<int64_t> windows;  // of each layer; empty: none has one
  MakeAttention make_attention;  // empty: make_self_attention with the options above
  MakeMlp make_mlp;              // empty: make_gated_mlp
  int64_t cached = 0;            // ModelShape::cached; 0: keys and values
};

std::unique_ptr<Model> make_pre_norm_decoder(const Json& config, const PreNormOptions& options,
                                             at::ScalarType dtype, at::Device device);

}  // namespace amalgam
