// Rotary position embeddings (RoFormer, arXiv 2104.09864) and the scalings that stretch them to
// longer contexts.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/json.h"

namespace amalgam {

class AttentionContext;

// T tokens, d rotated part of a head (all of it, but for families that turn a part).
struct RopeTables {
  at::Tensor cos;  // (T, d/2) fp32
  at::Tensor sin;  // (T, d/2) fp32
};

struct RopeDefaults {
  double theta = 10000;
  bool partial = false;  // whether the family knows "partial_rotary_factor"
};

class Rope {
 public:
  /// Reads "rope_theta" and "rope_scaling", or "rope_parameters" (transformers 5), of config.json.
  /// Types: default, linear, dynamic, llama3, yarn, longrope; another is a usage error.
  Rope(const Json& config, int64_t head_dim, at::Device device, const RopeDefaults& defaults = {});

  /// positions (T) int64 of tokens that stand in sequences of `lengths` (T) tokens; the lengths
  /// matter to dynamic and longrope alone and may be left out otherwise.
  RopeTables tables(const at::Tensor& positions, const std::vector<int64_t>& lengths = {}) const;
  /// The same for the tokens of a call.
  RopeTables tables(const at::Tensor& positions, const AttentionContext& attention) const;

  /// Sequences turn alike when the classes of their lengths are equal; never falls with the length.
  int64_t length_class(int64_t length) const;
  /// 1 / (waves' lengths over 2 pi) in sequences of that length, (d/2) fp32.
  at::Tensor inverse_frequencies(int64_t length = 1) const;
  /// Multiplies cos and sin (yarn's and longrope's temperature; 1 for the others).
  double magnitude() const { return magnitude_; }

 private:
  enum class Kind { kFixed, kDynamic, kSwitched };

  at::Device device_;
  Kind kind_ = Kind::kFixed;
  int64_t border_ = 0;            // the length up to which short_ holds
  at::Tensor short_, long_;       // (d/2) fp32; long_ of kSwitched
  double base_ = 0, factor_ = 1;  // of kDynamic
  double magnitude_ = 1;
};

/// Positions a model is made for: "max_position_embeddings", times what its scaling adds to them.
int64_t stretched_window(const Json& config);

/// m(s) = 0.1 s ln(factor) + 1, 1 where the factor does not stretch (YaRN, arXiv 2309.00071,
/// eq. 22, with DeepSeek's s).
double yarn_temperature(double factor, double scale);

/// The object that holds the scaling of positions and its numbers; empty where they are not scaled.
Json rope_settings(const Json& config);

}  // namespace amalgam
