#include "tensor/checkpoint.h"

#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "tensor/kernels/capsule.h"

namespace amalgam {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Checkpointed : torch::autograd::Function<Checkpointed> {
  /// `trained` stands for the parameters, which are not among the inputs.
  static variable_list forward(AutogradContext* context, at::TensorList inputs,
                               const at::Tensor& /*trained*/, const Block& block) {
    context->save_for_backward(inputs.vec());
    context->saved_data["block"] = kernels::capsule(block);
    return block(inputs.vec());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const c10::AutoGradMode grad(true);
    variable_list inputs;
    for (const at::Tensor& input : context->get_saved_variables())
      inputs.push_back(input.detach().requires_grad_(input.requires_grad()));
    variable_list outputs, upstream;
    const variable_list again = kernels::from_capsule<Block>(context->saved_data["block"])(inputs);
    for (size_t i = 0; i < again.size(); ++i) {
      if (!again[i].requires_grad()) continue;
      outputs.push_back(again[i]);
      upstream.push_back(gradients[i]);
    }
    torch::autograd::backward(outputs, upstream);
    variable_list result;
    for (const at::Tensor& input : inputs) result.push_back(input.grad());
    result.insert(result.end(), 2, at::Tensor());
    return result;
  }
};

}  // namespace

std::vector<at::Tensor> checkpointed(const Block& block, const std::vector<at::Tensor>& inputs) {
  return Checkpointed::apply(at::TensorList(inputs), at::empty({0}).requires_grad_(true), block);
}

}  // namespace amalgam
