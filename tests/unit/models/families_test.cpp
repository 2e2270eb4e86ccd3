// Every family of the list, on the fixture that has its architecture.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/randn_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <set>

#include "models/pretrained.h"
#include "support.h"

namespace amalgam {
namespace {

fs::path fixture_of(std::string_view architecture) {
  std::set<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(fixture(""))) folders.insert(entry.path());
  for (const fs::path& folder : folders) {
    const fs::path config = folder / "config.json";
    if (fs::exists(config) &&
        parse_json(read_file(config), config.string())["architectures"][0] == architecture)
      return folder;
  }
  ADD_FAILURE() << "no fixture has the architecture " << architecture;
  return {};
}

// A prompt with two responses, and a sequence longer than the fixtures' sliding windows.
std::vector<TokenizedExample> examples() {
  TokenizedExample branched{"a", {5, 9, 200, 31}, {{7, 8, 100}, {44, 3}}}, plain{"b", {17}, {{}}};
  for (Token id = 0; id < 40; ++id) plain.responses[0].push_back(id * 37 % 500);
  return {branched, plain};
}

at::Tensor logprobs(const Model& model, const PackedBatch& batch) {
  SegmentContext attention(batch.segments);
  const at::Tensor hidden = model.forward(batch.ids, batch.positions, attention, batch.rows);
  return token_logprobs(hidden, model.head(), batch.targets, model.logit_softcap());
}

bool is_expert(const Model& model, const at::Tensor& parameter) {
  for (const NamedWeight& weight : model.weights().named())
    if (weight.view.is_alias_of(parameter))
      return weight.name.find(".experts.") != std::string::npos;
  return false;
}

class EachFamily : public testing::TestWithParam<std::string> {
 protected:
  EachFamily() : rows_(examples()), batch_(pack(std::vector{&rows_[0], &rows_[1]})) {
    at::set_num_threads(1);  // tiny tensors: threads would cost more than they do
  }

  std::vector<TokenizedExample> rows_;
  PackedBatch batch_;
};

// The gradient of every parameter along a random direction against the difference quotient, in
// fp64: a parameter that gradients do not reach, or reach wrongly, shows.
TEST_P(EachFamily, GradientIsTheSlope) {
  const Pretrained loaded = load_pretrained(fixture_of(GetParam()), at::kDouble);
  const std::vector<at::Tensor>& parameters = loaded.model->weights().parameters();
  for (at::Tensor parameter : parameters) parameter.requires_grad_(true);
  const auto gradients =
      torch::autograd::grad({logprobs(*loaded.model, batch_).sum()}, parameters, {}, std::nullopt,
                            /*create_graph=*/false, /*allow_unused=*/true);
  ASSERT_EQ(gradients.size(), parameters.size());

  const c10::AutoGradMode no_grad(false);
  constexpr double kStep = 2e-6;
  size_t idle = 0;
  for (size_t i = 0; i < parameters.size(); ++i) {
    at::Tensor parameter = parameters[i];
    const at::Tensor direction = at::randn_like(parameter);
    const auto moved = [&](double step) {
      parameter.add_(direction, step);
      const double sum = logprobs(*loaded.model, batch_).sum().item<double>();
      parameter.sub_(direction, step);
      return sum;
    };
    const double slope = (moved(kStep) - moved(-kStep)) / (2 * kStep);
    const double along =
        gradients[i].defined() ? (gradients[i] * direction).sum().item<double>() : 0;
    EXPECT_NEAR(along, slope, 1e-4 * (1 + std::abs(slope))) << GetParam() << " parameter " << i;
    if (along == 0 && slope == 0 && is_expert(*loaded.model, parameter)) {
      ++idle;  // no token was sent there
      continue;
    }
    EXPECT_GT(std::abs(slope), 1e-7) << GetParam() << " parameter " << i << " has no effect";
  }
  EXPECT_LT(idle, parameters.size() / 5);
}

TEST_P(EachFamily, LogitsAgreeWithTokenLogprobs) {
  const c10::AutoGradMode no_grad(false);
  const Pretrained loaded = load_pretrained(fixture_of(GetParam()), at::kFloat);
  SegmentContext attention(batch_.segments);
  const at::Tensor hidden = loaded.model->forward(batch_.ids, batch_.positions, attention);
  const at::Tensor logits = loaded.model->logits(hidden.index_select(0, batch_.rows));
  EXPECT_EQ(logits.size(1), loaded.model->shape().vocab);
  const at::Tensor expected =
      at::log_softmax(logits, 1).gather(1, batch_.targets.unsqueeze(1)).squeeze(1);
  EXPECT_LT((logprobs(*loaded.model, batch_) - expected).abs().max().item<double>(), 1e-5);
}

TEST_P(EachFamily, WantedTokensAreComputedAsAllAre) {
  const c10::AutoGradMode no_grad(false);
  const Pretrained loaded = load_pretrained(fixture_of(GetParam()), at::kFloat);
  SegmentContext attention(batch_.segments);
  const at::Tensor all = loaded.model->forward(batch_.ids, batch_.positions, attention);
  const at::Tensor wanted =
      loaded.model->forward(batch_.ids, batch_.positions, attention, batch_.rows);
  EXPECT_TRUE(wanted.equal(all.index_select(0, batch_.rows)));
}

TEST_P(EachFamily, TakesBothStylesOfRopeKeys) {
  const c10::AutoGradMode no_grad(false);
  const fs::path folder = fixture_of(GetParam());
  const Pretrained loaded = load_pretrained(folder, at::kFloat);
  Json config = loaded.config;
  Json parameters = config.value("rope_scaling", Json());
  if (parameters.is_null()) parameters = {{"rope_type", "default"}};
  parameters["rope_theta"] = config["rope_theta"];
  config["rope_parameters"] = parameters;
  config.erase("rope_theta");
  config.erase("rope_scaling");
  const std::unique_ptr<Model> other = make_model(config, at::kFloat, at::kCPU);
  for (size_t i = 0; i < other->weights().parameters().size(); ++i) {
    at::Tensor parameter = other->weights().parameters()[i];
    parameter.copy_(loaded.model->weights().parameters()[i]);
  }
  EXPECT_TRUE(logprobs(*other, batch_).equal(logprobs(*loaded.model, batch_)));
}

std::vector<std::string> architectures() {
  std::vector<std::string> names;
  for (const Family& family : families()) names.emplace_back(family.architecture);
  return names;
}

INSTANTIATE_TEST_SUITE_P(List, EachFamily, testing::ValuesIn(architectures()),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace amalgam
