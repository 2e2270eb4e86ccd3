// Shapes: T tokens, D hidden size.
#include "models/pre_norm_decoder.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>

#include <cmath>

#include "tensor/checkpoint.h"

namespace amalgam {
namespace {

struct Layer {
  at::Tensor attention_norm;  // (D)
  AttentionBlock attention;
  at::Tensor mlp_norm;  // (D)
  MlpBlock mlp;
};

class PreNormDecoder : public Model {
 public:
  PreNormDecoder(const Json& config, const PreNormOptions& options, at::ScalarType dtype,
                 at::Device device)
      : config_(read_decoder_config(config, options.defaults)),
        rope_(config, options.rope_dim > 0 ? options.rope_dim : config_.shape.head_dim, device,
              options.rope) {
    weights_ = std::make_unique<Weights>(dtype, device);
    const DecoderNames& names = options.names;
    vocabulary_ = make_vocabulary(*weights_, config_, names.embedding, names.head);
    if (options.cached > 0) config_.shape.cached = options.cached;
    const int64_t hidden = config_.shape.hidden;
    AttentionParams params;
    params.scale = 1 / std::sqrt(static_cast<double>(config_.shape.head_dim));
    for (int64_t i = 0; i < config_.shape.layers; ++i) {
      params.window = options.windows.empty() ? 0 : options.windows[static_cast<size_t>(i)];
      const std::string name = layer_name(i) + ".";
      Layer& layer = layers_.emplace_back();
      layer.attention_norm = make_norm(*weights_, name + names.attention_norm, hidden);
      const std::string attention = name + names.attention;
      if (options.make_attention)
        layer.attention = options.make_attention(*weights_, attention, i, config_, params);
      else
        layer.attention =
            make_self_attention(*weights_, attention, i, config_, options.attention, params);
      layer.mlp_norm = make_norm(*weights_, name + names.mlp_norm, hidden);
      const std::string mlp = name + names.mlp;
      if (options.make_mlp)
        layer.mlp = options.make_mlp(*weights_, mlp, i, config_);
      else
        layer.mlp = make_gated_mlp(*weights_, mlp, config_, config_.mlp_size, options.mlp_bias);
    }
    final_norm_ = make_norm(*weights_, "model.norm", hidden);
  }

  at::Tensor forward(const at::Tensor& ids, const at::Tensor& positions,
                     AttentionContext& attention, const at::Tensor& wanted) const override {
    const double eps = config_.norm_eps;
    const RopeTables rope = rope_.tables(positions, attention);
    const at::Tensor embedded = at::embedding(vocabulary_.embedding, ids);  // (T, D)
    // The sum that a layer adds to, and its norm: what the next block reads.
    std::vector<at::Tensor> x = {embedded, rms_norm(embedded, layers_.front().attention_norm, eps)};
    for (size_t i = 0; i < layers_.size(); ++i) {
      const bool last = i + 1 == layers_.size();
      const auto block = [this, i, eps, rope, &attention, last,
                          rows = last ? wanted : at::Tensor()](const std::vector<at::Tensor>& in) {
        const Layer& layer = layers_[i];
        const at::Tensor& next = last ? final_norm_ : layers_[i + 1].attention_norm;
        AddedNorm y = add_rms_norm(wanted_rows(layer.attention(in[1], rope, attention), rows),
                                   wanted_rows(in[0], rows), layer.mlp_norm, eps);
        y = add_rms_norm(layer.mlp(y.normed), y.sum, next, eps);
        return std::vector{y.sum, y.normed};
      };
      x = checkpoints() ? checkpointed(block, x) : block(x);
    }
    return x[1];
  }

  const Linear& head() const override { return vocabulary_.head; }
  ModelShape shape() const override { return config_.shape; }
  int64_t length_class(int64_t length) const override { return rope_.length_class(length); }

 private:
  DecoderConfig config_;
  Rope rope_;
  Vocabulary vocabulary_;
  std::vector<Layer> layers_;
  at::Tensor final_norm_;  // (D)
};

}  // namespace

std::unique_ptr<Model> make_pre_norm_decoder(const Json& config, const PreNormOptions& options,
                                             at::ScalarType dtype, at::Device device) {
  return std::make_unique<PreNormDecoder>(config, options, dtype, device);
}

}  // namespace amalgam
