// A decoder with a norm before and after each half of a layer, the second before the residual
// addition; norms multiply by 1 + w and embeddings are scaled by the root of the hidden size.
// Scores and logits may be capped, layers with a sliding window may turn positions on their own.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "models/layers.h"

namespace amalgam {

struct SandwichOptions {
  DecoderDefaults defaults;
  RopeDefaults rope;
  AttentionOptions attention;
  AttentionParams params;        // but for the window
  std::vector<int64_t> windows;  // of each layer
  double logit_softcap = 0;
  /// config.json as the rotation of the layers that `local` marks reads it; without it all layers
  /// turn alike.
  std::optional<Json> local_config;
  std::vector<bool> local;  // of each layer
};

std::unique_ptr<Model> make_sandwich_decoder(const Json& config, const SandwichOptions& options,
                                             at::ScalarType dtype, at::Device device);

}  // namespace amalgam
