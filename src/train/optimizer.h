// AdamW on fp32 master weights, with gradients summed over the micro-batches of a step.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "models/model.h"
#include "tensor/safetensors.h"
#include "train/config.h"

namespace amalgam {

class Optimizer {
 public:
  /// `policy` is what computes; `masters` is the same model in fp32, and may be `policy` itself.
  /// Both must outlive the optimiser.
  Optimizer(Model& policy, Model& masters, const TrainConfig& config);
  /// The same for some parameters; both lists may hold the same tensors.
  Optimizer(std::vector<at::Tensor> parameters, std::vector<at::Tensor> masters,
            const TrainConfig& config);

  /// Adds the gradients that a backward pass left at the policy's parameters, and clears them
  /// there.
  void accumulate();
  /// Clips, updates the masters, writes them to the policy and forgets the gradients. Returns the
  /// norm of the gradient before clipping, 0-dim fp32 on the device, so that nothing waits for it
  /// here.
  at::Tensor step(double lr);

  /// Masters and moments, for a checkpoint; the tensors are the optimiser's own.
  std::vector<NamedTensor> state() const;
  /// Whether all masters, their squares and all moments are finite.
  bool is_finite() const;
  /// The gradients summed so far, (N) tensors in the order of the parameters.
  const std::vector<at::Tensor>& gradients() const { return gradients_; }
  /// Continues after `steps` steps with the masters and moments that were copied into state().
  void resume(int64_t steps);

 private:
  struct Group {  // parameters with one weight decay
    double weight_decay;
    std::vector<at::Tensor> masters, gradients, first_moments, second_moments, steps;
  };
  void write_back();

  const TrainConfig& config_;
  std::vector<at::Tensor> parameters_, masters_, gradients_, first_moments_, second_moments_;
  std::vector<Group> groups_;
  at::Tensor steps_;   // 0-dim fp32, as _fused_adamw_ wants it
  bool shared_;        // the masters are the policy's parameters
  bool empty_ = true;  // no gradient yet in this step
};

}  // namespace amalgam
