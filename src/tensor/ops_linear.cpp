#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <mutex>
#include <optional>

#include "core/error.h"
#include "tensor/kernels/capsule.h"
#include "tensor/kernels/product.h"
#include "tensor/ops.h"
#include "tensor/ops_plain.h"

namespace amalgam {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// A packed copy of the weight, remade when the weight has changed. In-place operations of ATen
/// count as changes; writes through raw pointers do only before the first use.
class Linear::State {
 public:
  State(at::Tensor weight, at::Tensor bias) : weight_(std::move(weight)), bias_(std::move(bias)) {}
  const at::Tensor& weight() const { return weight_; }
  const at::Tensor& bias() const { return bias_; }

  /// Panels for x weight^T.
  at::Tensor forward_panels() {
    const std::lock_guard lock(mutex_);
    if (given_up_) return forward_.data;
    const at::Tensor panels = current(forward_, kernels::pack_transposed);
    if (forward_only_) {
      weight_ = at::empty(weight_.sizes(), weight_.options().device(at::kMeta));
      given_up_ = true;
    }
    return panels;
  }
  /// Panels for dy weight.
  at::Tensor backward_panels() {
    const std::lock_guard lock(mutex_);
    AMALGAM_CHECK(!forward_only_);
    return current(backward_, [](const at::Tensor& w) { return kernels::pack_plain(w, 2); });
  }
  void forward_only() {
    const std::lock_guard lock(mutex_);
    forward_only_ = true;
  }

 private:
  struct Panels {
    at::Tensor data;
    int64_t version = 0;
  };
  template <class Pack>
  at::Tensor current(Panels& panels, const Pack& pack) {
    const c10::InferenceMode off(false);  // what decoding packs, training may save for its backward
    const int64_t version = weight_.is_inference() ? 0 : weight_._version();
    if (!panels.data.defined() || panels.version != version)
      panels = {pack(weight_.detach()), version};
    return panels.data;
  }

  at::Tensor weight_, bias_;
  bool forward_only_ = false, given_up_ = false;
  std::mutex mutex_;
  Panels forward_, backward_;
};

namespace {

at::Tensor rows_contiguous(const at::Tensor& x) {
  return x.stride(1) == 1 && x.stride(0) >= x.size(1) ? x : x.contiguous();
}

}  // namespace

/// y = x weight^T + bias on packed panels.
struct Linear::Product : torch::autograd::Function<Linear::Product> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input,
                            const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                            const std::shared_ptr<State>& state) {
    const at::Tensor x = rows_contiguous(input);
    const at::Tensor y = at::empty({x.size(0), weight.size(0)}, x.options());
    kernels::product(x, state->forward_panels(), bias.value_or(at::Tensor()), y);
    context->save_for_backward({x, weight});
    context->saved_data["state"] = kernels::capsule(state);
    context->saved_data["bias"] = bias.has_value();
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], dy = rows_contiguous(gradients[0]);
    at::Tensor dx, dw, db;
    if (context->needs_input_grad(0)) {
      if (weight.size(0) % 2 == 0) {
        auto state = kernels::from_capsule<std::shared_ptr<State>>(context->saved_data["state"]);
        dx = at::empty(x.sizes(), x.options());
        kernels::product(dy, state->backward_panels(), {}, dx);
      } else {
        dx = at::mm(dy, weight);
      }
    }
    if (context->needs_input_grad(1)) {
      dw = at::empty(weight.sizes(), weight.options());
      kernels::product_of_transposed(dy, x, dw);
    }
    if (context->saved_data["bias"].toBool() && context->needs_input_grad(2)) db = dy.sum(0);
    return {dx, dw, db, {}};
  }
};

Linear::Linear(at::Tensor weight, at::Tensor bias)
    : state_(std::make_shared<State>(std::move(weight), std::move(bias))) {}

at::Tensor Linear::operator()(const at::Tensor& x) const {
  const at::Tensor &weight = state_->weight(), &bias = state_->bias();
  if (!packs(x)) return plain::linear(x, weight, bias);
  return Product::apply(x, weight, bias.defined() ? std::optional(bias) : std::nullopt, state_);
}

at::Tensor Linear::times_weight(const at::Tensor& x) const {
  const at::Tensor& weight = state_->weight();
  if (!packs(x) || weight.size(0) % 2 != 0) return at::mm(x, weight);
  const at::Tensor y = at::empty({x.size(0), weight.size(1)}, x.options());
  kernels::product(rows_contiguous(x), backward_panels(), {}, y);
  return y;
}

bool Linear::packs(const at::Tensor& x) const {
  const at::Tensor& weight = state_->weight();
  const at::ScalarType type = x.scalar_type();
  return x.is_cpu() && x.dim() == 2 && type == weight.scalar_type() && weight.is_contiguous() &&
         kernels::products_available(type) && (type == at::kFloat || weight.size(1) % 2 == 0);
}
at::Tensor Linear::forward_panels() const { return state_->forward_panels(); }
at::Tensor Linear::backward_panels() const { return state_->backward_panels(); }
void Linear::forward_only() const { state_->forward_only(); }

const at::Tensor& Linear::weight() const { return state_->weight(); }
const at::Tensor& Linear::bias() const { return state_->bias(); }

}  // namespace amalgam
