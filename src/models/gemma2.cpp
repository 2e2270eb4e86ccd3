// Gemma 2 (arXiv 2408.00118): four norms a layer that multiply by 1 + w, capped attention scores
// and logits, a sliding window in every other layer, scaled embeddings. Shapes: T tokens, D hidden
// size.
#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/scalar_tensor.h>

#include <cmath>

#include "models/layers.h"

namespace amalgam {
namespace {

constexpr double kNormOffset = 1;

struct Layer {
  at::Tensor attention_norm, attention_post_norm;  // (D)
  SelfAttention attention;
  at::Tensor mlp_norm, mlp_post_norm;  // (D)
  GatedMlp mlp;
};

class Gemma2 : public Model {
 public:
  Gemma2(const Json& config, at::ScalarType dtype, at::Device device)
      : config_(read_decoder_config(config, {.tied = true,
                                             .activation_key = "hidden_activation",
                                             .activation = "gelu_pytorch_tanh"})),
        rope_(config, config_.shape.head_dim, device),
        logit_softcap_(config_switch<double>(config, "final_logit_softcapping", 30)) {
    weights_ = std::make_unique<Weights>(dtype, device);
    vocabulary_ = make_vocabulary(*weights_, config_);
    // The reference rounds the factor to the type of the weights.
    embedding_scale_ = at::scalar_tensor(std::sqrt(static_cast<double>(config_.shape.hidden)),
                                         at::device(at::kCPU).dtype(dtype))
                           .item<double>();
    const bool bias = config_value<bool>(config, "attention_bias", false);
    const std::vector<int64_t> windows = layer_windows(
        config, config_.shape.layers, config_switch<int64_t>(config, "sliding_window", 4096),
        [](int64_t layer) { return layer % 2 == 0; });
    AttentionParams params;
    params.scale = 1 / std::sqrt(config_value<double>(config, "query_pre_attn_scalar", 256));
    params.softcap = config_switch<double>(config, "attn_logit_softcapping", 50);
    for (int64_t i = 0; i < config_.shape.layers; ++i) {
      params.window = windows[i];
      const std::string name = layer_name(i);
      Layer& layer = layers_.emplace_back();
      layer.attention_norm = norm(name + ".input_layernorm");
      layer.attention =
          make_self_attention(*weights_, name + ".self_attn", i, config_, {bias, bias}, params);
      layer.attention_post_norm = norm(name + ".post_attention_layernorm");
      layer.mlp_norm = norm(name + ".pre_feedforward_layernorm");
      layer.mlp = make_gated_mlp(*weights_, name + ".mlp", config_);
      layer.mlp_post_norm = norm(name + ".post_feedforward_layernorm");
    }
    final_norm_ = norm("model.norm");
  }

  at::Tensor forward(const at::Tensor& ids, const at::Tensor& positions,
                     AttentionContext& attention) const override {
    const auto normed = [&](const at::Tensor& x, const at::Tensor& weight) {
      return rms_norm(x, weight, config_.norm_eps, kNormOffset);
    };
    const RopeTables rope = rope_.tables(positions);
    at::Tensor x = at::embedding(vocabulary_.embedding, ids) * embedding_scale_;  // (T, D)
    for (const Layer& layer : layers_) {
      const at::Tensor attended = layer.attention(normed(x, layer.attention_norm), rope, attention);
      x = x + normed(attended, layer.attention_post_norm);
      x = x + normed(layer.mlp(normed(x, layer.mlp_norm)), layer.mlp_post_norm);
    }
    return normed(x, final_norm_);
  }

  const Linear& head() const override { return vocabulary_.head; }
  double logit_softcap() const override { return logit_softcap_; }
  ModelShape shape() const override { return config_.shape; }

 private:
  at::Tensor norm(const std::string& name) {
    return make_norm(*weights_, name, config_.shape.hidden, 1 - kNormOffset);
  }

  DecoderConfig config_;
  Rope rope_;
  Vocabulary vocabulary_;
  double embedding_scale_ = 1;
  double logit_softcap_;
  std::vector<Layer> layers_;
  at::Tensor final_norm_;  // (D)
};

}  // namespace

std::unique_ptr<Model> make_gemma2(const Json& config, at::ScalarType dtype, at::Device device) {
  return std::make_unique<Gemma2>(config, dtype, device);
}

}  // namespace amalgam
