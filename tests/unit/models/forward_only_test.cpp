// A model whose projections gave up their weights computes the same bits.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "models/pretrained.h"
#include "support.h"
#include "tensor/batch.h"
#include "tensor/kernels/product.h"

namespace amalgam {
namespace {

TEST(ForwardOnly, KeepsTheBitsAndDropsTheWeights) {
  const c10::AutoGradMode no_grad(false);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const Pretrained whole = load_pretrained(fixture("llama31"), type);
    const Pretrained lean = load_pretrained(fixture("llama31"), type);
    lean.model->weights().forward_only();
    EXPECT_TRUE(lean.model->weights().named().empty());
    const at::Tensor ids = at::arange(1, 40, at::kLong);
    const std::vector<Segment> segments = {{.begin = 0, .end = 39}};
    const auto logits = [&](const Model& model) {
      SegmentContext attention(segments);
      return model.logits(model.forward(ids, ids - 1, attention));
    };
    const at::Tensor expected = logits(*whole.model);
    EXPECT_TRUE(logits(*lean.model).equal(expected));
    EXPECT_TRUE(logits(*lean.model).equal(expected));  // from the packed weights alone
    if (!kernels::products_available(type)) continue;  // then the weights are what is computed with
    EXPECT_TRUE(lean.model->head().weight().is_meta());
    EXPECT_EQ(lean.model->head().weight().sizes(), whole.model->head().weight().sizes());
    EXPECT_FALSE(whole.model->head().weight().is_meta());
  }
}

}  // namespace
}  // namespace amalgam
