// Activation checkpointing (arXiv 1604.06174): memory for time.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace amalgam {

using Block = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>&)>;

/// block(inputs), of which only the inputs are kept: the backward pass computes it again, and adds
/// the gradients of the parameters that it uses to those. It must give the same results again, and
/// what it refers to must live until then.
std::vector<at::Tensor> checkpointed(const Block& block, const std::vector<at::Tensor>& inputs);

}  // namespace amalgam
