#include "models/experts.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/error.h"

namespace amalgam {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::ScalarType sum_type(const at::Tensor& x) {
  return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

/// Rows `from` (N) of x. In the backward the m places `back` (rows of x, m) that a row went to are
/// added up in their order, so the gradient is deterministic on every device.
struct GatherRows : torch::autograd::Function<GatherRows> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& from,
                            const at::Tensor& back) {
    context->save_for_backward({back});
    return x.index_select(0, from);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor back = context->get_saved_variables()[0], &dy = gradients[0];
    const auto place = [&](int64_t i) {
      return dy.index_select(0, back.select(1, i).contiguous());
    };
    if (back.size(1) == 1) return {place(0), {}, {}};
    at::Tensor sum = place(0).to(sum_type(dy));
    for (int64_t i = 1; i < back.size(1); ++i) sum = sum + place(i);
    return {sum.to(dy.scalar_type()), {}, {}};
  }
};

/// The pairs (token, one of its experts), sorted by expert.
struct Assignment {
  std::vector<int64_t> counts;  // (E)
  at::Tensor order;             // (T k): pair = token * k + i at each place
  at::Tensor place;             // (T, k): where each pair stands
};

Assignment assign(const at::Tensor& experts, int64_t count) {
  const at::Tensor flat = experts.cpu().contiguous();
  const int64_t* expert = flat.const_data_ptr<int64_t>();
  Assignment made{std::vector<int64_t>(static_cast<size_t>(count)),
                  at::empty({flat.numel()}, at::kLong), at::empty(flat.sizes(), at::kLong)};
  for (int64_t i = 0; i < flat.numel(); ++i) ++made.counts[static_cast<size_t>(expert[i])];
  std::vector<int64_t> next(static_cast<size_t>(count));
  for (size_t e = 1; e < next.size(); ++e) next[e] = next[e - 1] + made.counts[e - 1];
  auto* order = made.order.mutable_data_ptr<int64_t>();
  auto* place = made.place.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < flat.numel(); ++i) {
    place[i] = next[static_cast<size_t>(expert[i])]++;
    order[place[i]] = i;
  }
  made.order = made.order.to(experts.device());
  made.place = made.place.to(experts.device());
  return made;
}

/// Router logits are computed in fp32 whatever the type: a rounding there can send a token to
/// another expert.
at::Tensor router_logits(const Linear& gate, const at::Tensor& x) {
  const at::ScalarType type = sum_type(x);
  return x.scalar_type() == type ? gate(x) : Linear(gate.weight().to(type))(x.to(type));
}

/// The logistic function as a softmax against 0: that of ATen rounds the last rows of a batch
/// otherwise than the rest.
at::Tensor logistic(const at::Tensor& x) {
  return at::softmax(at::cat({x, at::zeros_like(x)}, 1), 1).narrow(1, 0, 1);  // (T, 1)
}

}  // namespace

Routing route(const at::Tensor& logits, const RoutingOptions& options) {
  at::Tensor scores = at::softmax(logits, -1);  // (T, E)
  if (options.groups > 1) {
    const at::Tensor grouped = scores.view({scores.size(0), options.groups, -1});
    const at::Tensor best =
        std::get<1>(at::topk(at::amax(grouped.detach(), -1), options.top_groups));  // (T, groups)
    const at::Tensor kept = at::zeros_like(grouped.detach().select(2, 0)).scatter(1, best, 1.0);
    scores = (grouped * kept.unsqueeze(2)).view(scores.sizes());
  }
  auto [weights, experts] = at::topk(scores, options.top_k);
  if (options.normalised) {
    at::Tensor sum = weights.select(1, 0);  // term by term: no order that the batch could change
    for (int64_t i = 1; i < options.top_k; ++i) sum = sum + weights.select(1, i);
    weights = weights / sum.unsqueeze(1);
  }
  return {experts, options.scale == 1 ? weights : weights * options.scale};
}

at::Tensor SparseMlp::operator()(const at::Tensor& x) const {
  const Routing routed = route(router_logits(gate, x), routing);
  const Assignment assigned = assign(routed.experts, std::ssize(experts));
  const at::Tensor gathered =
      GatherRows::apply(x, assigned.order.floor_divide(routing.top_k), assigned.place);  // (T k, D)
  std::vector<at::Tensor> outputs;
  int64_t begin = 0;
  for (size_t e = 0; e < experts.size(); ++e) {
    const int64_t count = assigned.counts[e];
    if (count > 0) outputs.push_back(experts[e](gathered.narrow(0, begin, count)));
    begin += count;
  }
  const at::Tensor output =
      GatherRows::apply(at::cat(outputs), assigned.place.flatten(), assigned.order.unsqueeze(1))
          .view({x.size(0), routing.top_k, -1})
          .to(routed.weights.scalar_type());
  at::Tensor sum;
  const auto add = [&](const at::Tensor& term) { sum = sum.defined() ? sum + term : term; };
  for (int64_t i = 0; i < routing.top_k; ++i)
    add(output.select(1, i) * routed.weights.narrow(1, i, 1));
  if (shared) {
    const at::Tensor common = shared(x).to(sum.scalar_type());
    add(shared_gate.defined() ? common * logistic(router_logits(shared_gate, x)) : common);
  }
  return sum.to(x.scalar_type());
}

SparseMlp make_sparse_mlp(Weights& weights, const std::string& name, const DecoderConfig& config,
                          const ExpertOptions& options) {
  const RoutingOptions& routing = options.routing;
  if (routing.top_k > options.count)
    fail_usage("config.json: \"num_experts_per_tok\" is {}, there are {} experts", routing.top_k,
               options.count);
  SparseMlp made;
  made.gate = weights.linear({{name + ".gate", options.count}}, config.shape.hidden);
  made.routing = routing;
  for (int64_t e = 0; e < options.count; ++e)
    made.experts.push_back(make_gated_mlp(weights, fmt::format("{}.experts.{}", name, e), config,
                                          options.size, false, options.names));
  return made;
}

}  // namespace amalgam
