// DeBERTa v2 and v3 (arXiv 2006.03654, 2111.09543): an encoder whose attention adds to the product
// of contents those of content with relative position ("disentangled attention").
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <vector>

#include "models/model.h"

namespace amalgam {

// T tokens, D hidden size, H heads, d head size, S span of relative positions.
class DebertaEncoder {
 public:
  /// Reads config.json (model_type "deberta-v2") and declares the tensors PREFIX.embeddings...,
  /// PREFIX.encoder... in `weights`. Values that are not supported are usage errors naming the key.
  DebertaEncoder(const Json& config, const std::string& prefix, Weights& weights);

  /// ids (T) int64: sequences without padding, one after the other; `lengths` sum to T. -> (T, D).
  /// A sequence's result does not depend on the others. Inference alone: not differentiable.
  at::Tensor forward(const at::Tensor& ids, std::span<const int64_t> lengths) const;
  int64_t hidden() const { return hidden_; }
  int64_t vocab() const { return embedding_.size(0); }

 private:
  struct Norm {
    at::Tensor weight, bias;  // (D)
  };
  struct Layer {
    Linear qkv;                     // (3 H d, D)
    Linear pos_key, pos_query;      // (H d, D), where the layer has its own
    Linear attention_output;        // (D, H d)
    Norm attention_norm, mlp_norm;  //
    Linear up, down;                // (F, D), (D, F)
  };
  /// The projections of the relative embeddings: (2 S, H d) or undefined.
  struct PositionKeys {
    at::Tensor key, query;
  };

  Norm make_layer_norm(Weights& weights, const std::string& name) const;
  Layer make_layer(Weights& weights, const std::string& name) const;
  void read_relative(const Json& config);
  void make_convolution(const Json& config, const std::string& prefix, Weights& weights);

  at::Tensor normed(const at::Tensor& x, const Norm& norm) const;
  at::Tensor activated(const at::Tensor& x) const;
  at::Tensor attend(const Layer& layer, const at::Tensor& x, const at::Tensor& relative,
                    std::span<const int64_t> lengths) const;
  PositionKeys position_keys(const Layer& layer, const at::Tensor& relative) const;
  std::vector<int64_t> relative_rows(int64_t length) const;
  at::Tensor convolved(const at::Tensor& x, std::span<const int64_t> lengths) const;

  int64_t hidden_ = 0, heads_ = 0, head_dim_ = 0, mlp_size_ = 0;
  double eps_ = 0;
  std::string activation_, convolution_activation_;
  // How positions enter.
  bool relative_ = false, share_key_ = false, content_to_position_ = false,
       position_to_content_ = false;
  int64_t buckets_ = 0, longest_ = 0, span_ = 0;

  at::Tensor embedding_, type_embedding_;  // (V, E), (types, E)
  Linear embedding_projection_;            // (D, E) where E is not D
  Norm embedding_norm_, relative_norm_, convolution_norm_;
  at::Tensor relative_embedding_;                     // (2 S, D)
  at::Tensor convolution_weight_, convolution_bias_;  // (D, D / groups, width), (D)
  int64_t convolution_groups_ = 1;
  std::vector<Layer> layers_;
};

}  // namespace amalgam
