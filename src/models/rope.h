// Rotary position embeddings (RoFormer, arXiv 2104.09864) and the scalings that stretch them to
// longer contexts.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/json.h"

namespace amalgam {

// T tokens, d head size.
struct RopeTables {
  at::Tensor cos;  // (T, d/2) fp32
  at::Tensor sin;  // (T, d/2) fp32
};

class Rope {
 public:
  /// Reads "rope_theta" and "rope_scaling", or "rope_parameters" (transformers 5), of config.json.
  /// Types: default, linear, llama3, yarn; another is a usage error.
  Rope(const Json& config, int64_t head_dim, at::Device device);

  /// positions (T) int64.
  RopeTables tables(const at::Tensor& positions) const;
  const at::Tensor& inverse_frequencies() const { return inverse_frequencies_; }
  /// Multiplies cos and sin (yarn's temperature; 1 for the others).
  double magnitude() const { return magnitude_; }

 private:
  at::Tensor inverse_frequencies_;  // (d/2) fp32
  double magnitude_ = 1;
};

}  // namespace amalgam
