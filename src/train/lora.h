// Training of low-rank adapters (LoRA, Hu et al., arXiv 2106.09685) in place of a model's weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "models/peft.h"
#include "train/config.h"

namespace amalgam {

/// Targets that the model does not have, and a rank above every size of its projections, are usage
/// errors that name the key.
void check_lora(const Weights& weights, const TrainConfig& config);

class LoraAdapters {
 public:
  /// Puts adapters on the projections of `model` that config.lora_targets name: y = W x + scale B A
  /// dropout(x). B starts at zero, so the model computes what it did; A is drawn as PEFT does
  /// (uniform within 1 / sqrt(in)), from a stream of its own for each projection. check_lora() has
  /// let the settings through.
  LoraAdapters(Model& model, const TrainConfig& config, const fs::path& base);
  /// The model computes without them again.
  ~LoraAdapters();
  LoraAdapters(const LoraAdapters&) = delete;
  LoraAdapters& operator=(const LoraAdapters&) = delete;

  /// What computes, in the model's type, and the same in fp32, which may be the same tensors: A and
  /// B of each projection.
  const std::vector<at::Tensor>& parameters() const { return parameters_; }
  const std::vector<at::Tensor>& masters() const { return masters_; }
  /// What dropout leaves out until the next call is a function of this key. Passes without
  /// gradients leave nothing out.
  void set_dropout_key(uint64_t key);
  /// With the masters.
  Adapter adapter() const;

 private:
  struct Dropout;
  Model& model_;
  Adapter description_;  // its terms hold names and masters
  std::vector<at::Tensor> parameters_, masters_;
  std::shared_ptr<Dropout> dropout_;
};

}  // namespace amalgam
