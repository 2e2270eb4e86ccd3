// Shapes: T tokens, D hidden size.
#include "models/sandwich_decoder.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/scalar_tensor.h>

#include <cmath>

#include "tensor/checkpoint.h"

namespace amalgam {
namespace {

constexpr double kNormOffset = 1;

struct SandwichLayer {
  at::Tensor attention_norm, attention_post_norm;  // (D)
  SelfAttention attention;
  at::Tensor mlp_norm, mlp_post_norm;  // (D)
  GatedMlp mlp;
  bool local = false;
};

class SandwichDecoder : public Model {
 public:
  SandwichDecoder(const Json& config, const SandwichOptions& options, at::ScalarType dtype,
                  at::Device device)
      : config_(read_decoder_config(config, options.defaults)),
        rope_(config, config_.shape.head_dim, device, options.rope),
        logit_softcap_(options.logit_softcap) {
    if (options.local_config)
      local_rope_.emplace(*options.local_config, config_.shape.head_dim, device, options.rope);
    weights_ = std::make_unique<Weights>(dtype, device);
    vocabulary_ = make_vocabulary(*weights_, config_);
    // The reference rounds the factor to the type of the weights.
    embedding_scale_ = at::scalar_tensor(std::sqrt(static_cast<double>(config_.shape.hidden)),
                                         at::device(at::kCPU).dtype(dtype))
                           .item<double>();
    AttentionParams params = options.params;
    for (int64_t i = 0; i < config_.shape.layers; ++i) {
      params.window = options.windows[static_cast<size_t>(i)];
      const std::string name = layer_name(i);
      SandwichLayer& layer = layers_.emplace_back();
      layer.attention_norm = norm(name + ".input_layernorm");
      layer.attention = make_self_attention(*weights_, name + ".self_attn", i, config_,
                                            options.attention, params);
      layer.attention_post_norm = norm(name + ".post_attention_layernorm");
      layer.mlp_norm = norm(name + ".pre_feedforward_layernorm");
      layer.mlp = make_gated_mlp(*weights_, name + ".mlp", config_, config_.mlp_size);
      layer.mlp_post_norm = norm(name + ".post_feedforward_layernorm");
      layer.local = local_rope_ && options.local[static_cast<size_t>(i)];
    }
    final_norm_ = norm("model.norm");
  }

  at::Tensor forward(const at::Tensor& ids, const at::Tensor& positions,
                     AttentionContext& attention, const at::Tensor& wanted) const override {
    const auto normed = [this](const at::Tensor& x, const at::Tensor& weight) {
      return rms_norm(x, weight, config_.norm_eps, kNormOffset);
    };
    const RopeTables rope = rope_.tables(positions, attention);
    const RopeTables local = local_rope_ ? local_rope_->tables(positions, attention) : rope;
    at::Tensor x = at::embedding(vocabulary_.embedding, ids) * embedding_scale_;  // (T, D)
    for (const SandwichLayer& layer : layers_) {
      const auto block = [normed, &layer, rope = layer.local ? local : rope, &attention,
                          rows = &layer == &layers_.back() ? wanted : at::Tensor()](
                             const std::vector<at::Tensor>& in) {
        const at::Tensor attended = wanted_rows(
            layer.attention(normed(in[0], layer.attention_norm), rope, attention), rows);
        const at::Tensor sum =
            wanted_rows(in[0], rows) + normed(attended, layer.attention_post_norm);
        return std::vector{sum +
                           normed(layer.mlp(normed(sum, layer.mlp_norm)), layer.mlp_post_norm)};
      };
      x = (checkpoints() ? checkpointed(block, {x}) : block({x}))[0];
    }
    return normed(x, final_norm_);
  }

  const Linear& head() const override { return vocabulary_.head; }
  double logit_softcap() const override { return logit_softcap_; }
  ModelShape shape() const override { return config_.shape; }
  int64_t length_class(int64_t length) const override {
    // Neither falls: the sum changes where one does.
    return rope_.length_class(length) + (local_rope_ ? local_rope_->length_class(length) : 0);
  }

 private:
  at::Tensor norm(const std::string& name) {
    return make_norm(*weights_, name, config_.shape.hidden, 1 - kNormOffset);
  }

  DecoderConfig config_;
  Rope rope_;
  std::optional<Rope> local_rope_;
  Vocabulary vocabulary_;
  double embedding_scale_ = 1;
  double logit_softcap_;
  std::vector<SandwichLayer> layers_;
  at::Tensor final_norm_;  // (D)
};

}  // namespace

std::unique_ptr<Model> make_sandwich_decoder(const Json& config, const SandwichOptions& options,
                                             at::ScalarType dtype, at::Device device) {
  return std::make_unique<SandwichDecoder>(config, options, dtype, device);
}

}  // namespace amalgam
