// Sparse mixtures of experts (Shazeer et al., arXiv 1701.06538): a router sends each token to k of
// E gated MLPs. Tokens are gathered by expert, each expert computes its own alone.
// Shapes: T tokens, D hidden size, E experts, k of them a token.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "models/layers.h"

namespace amalgam {

struct RoutingOptions {
  int64_t top_k = 1;
  bool normalised = false;  // the k weights of a token are divided by their sum
  double scale = 1;         // multiplies the weights
  /// Experts stand in so many groups of equal size, of which those `top_groups` count that hold the
  /// best expert; 1: no groups.
  int64_t groups = 1, top_groups = 1;
};

struct Routing {
  at::Tensor experts;  // (T, k) int64
  at::Tensor weights;  // (T, k) fp32 (fp64 of fp64)
};
/// logits (T, E): softmax over all experts, then the k best.
Routing route(const at::Tensor& logits, const RoutingOptions& options);

struct SparseMlp {
  Linear gate;  // (E, D)
  std::vector<GatedMlp> experts;
  RoutingOptions routing;
  MlpBlock shared;     // sees every token; may be empty
  Linear shared_gate;  // (1, D): its sigmoid multiplies `shared`; may be undefined

  /// x (T, D) -> (T, D).
  at::Tensor operator()(const at::Tensor& x) const;
};
struct ExpertOptions {
  int64_t count = 0, size = 0;  // E, and the size of each
  MlpNames names;
  RoutingOptions routing;
};
/// Weights NAME.gate and NAME.experts.0 ...; what is shared is left to the caller.
SparseMlp make_sparse_mlp(Weights& weights, const std::string& name, const DecoderConfig& config,
                          const ExpertOptions& options);

}  // namespace amalgam
