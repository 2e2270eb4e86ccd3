// T tokens of a batch, D hidden size, P positions that a head reads.
#include "reward/reward_model.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <numeric>

#include "core/batches.h"
#include "core/error.h"
#include "models/pretrained.h"
#include "reward/pair_ranker.h"

namespace amalgam {
namespace {

const RewardFamily& family_in(const fs::path& folder) {
  return with_context(folder.string(), [&]() -> const RewardFamily& {
    const std::string name = architecture_of(read_model_config(folder / "config.json"));
    if (const RewardFamily* family = find_reward_family(name)) return *family;
    if (name == kPairRankerArchitecture)
      fail_usage("config.json: {} ranks answers against each other and scores none alone; {}", name,
                 "use it with `amalgam score --model` on rows of {id, prompt, candidates}");
    std::string known;
    for (const RewardFamily& each : reward_families())
      known += fmt::format("{}, ", each.architecture);
    fail_usage("config.json: architecture {} is not a reward model's; supported are {}{}", name,
               known, kPairRankerArchitecture);
  });
}

}  // namespace

void check_reward_model(const fs::path& folder) { family_in(folder); }

RewardModel::RewardModel(const fs::path& folder, at::ScalarType dtype, at::Device device)
    : tokenizer_(Tokenizer::load(folder)), head_weights_(at::kFloat, device) {
  const RewardFamily& family = family_in(folder);
  const Json config = read_model_config(folder / "config.json");
  with_context(folder.string(), [&] {
    trunk_ = make_trunk(config, family.trunk, dtype, device);
    head_ = family.make(config, trunk_->shape().hidden, head_weights_, tokenizer_);
  });
  load_weights(folder, {&trunk_->weights(), &head_weights_});
  trunk_->weights().forward_only();
}

std::vector<Token> RewardModel::encode(const Json& messages, const ChatOptions& options) const {
  if (!tokenizer_.has_chat_template())
    fail_usage("the reward model has no chat template; add chat_template.jinja to its folder");
  std::vector<Token> ids = tokenizer_.encode_chat(messages, options);
  if (ids.empty()) fail_usage("the chat template renders \"messages\" to nothing");
  const int64_t vocab = trunk_->shape().vocab;
  for (const Token id : ids)
    if (id >= vocab)
      fail_usage("the tokenizer gives token {}, the model's vocabulary has {}", id, vocab);
  return ids;
}

std::vector<Scored> RewardModel::score(std::span<const std::vector<Token>> conversations,
                                       int64_t batch_tokens, const ScoredCount& done) const {
  const int64_t window = trunk_->shape().max_positions;
  std::vector<Scored> scores(conversations.size());
  std::vector<size_t> waiting;
  for (size_t i = 0; i < conversations.size(); ++i) {
    const int64_t tokens = std::ssize(conversations[i]);
    if (tokens > window)
      scores[i].details = {{"too_long", true}, {"tokens", tokens}, {"window", window}};
    else
      waiting.push_back(i);
  }
  done(std::ssize(conversations) - std::ssize(waiting));
  std::stable_sort(waiting.begin(), waiting.end(), [&](size_t a, size_t b) {
    return conversations[a].size() > conversations[b].size();
  });
  const auto tokens = [&](size_t i) { return std::ssize(conversations[waiting[i]]); };
  for_each_batch(waiting.size(), batch_tokens, tokens, [&](size_t first, size_t end) {
    score_batch(conversations, std::span(waiting).subspan(first, end - first), scores);
    done(static_cast<int64_t>(end - first));
  });
  return scores;
}

void RewardModel::score_batch(std::span<const std::vector<Token>> conversations,
                              std::span<const size_t> indices, std::vector<Scored>& scores) const {
  const c10::AutoGradMode no_grad(false);
  std::vector<TokenizedExample> examples;
  std::vector<const TokenizedExample*> pointers;
  std::vector<int64_t> rows, counts;
  int64_t begin = 0;
  for (const size_t i : indices) {
    examples.push_back({"", conversations[i], {}});
    const std::vector<int64_t> read = head_->positions(conversations[i]);
    for (const int64_t position : read) rows.push_back(begin + position);
    counts.push_back(std::ssize(read));
    begin += std::ssize(conversations[i]);
  }
  for (const TokenizedExample& example : examples) pointers.push_back(&example);
  const PackedBatch batch = pack(pointers, trunk_->weights().device());
  SegmentContext attention(batch.segments);
  const at::Tensor picked =
      at::from_blob(rows.data(), {std::ssize(rows)}, at::kLong).to(batch.ids.device());
  const at::Tensor hidden = trunk_->forward(batch.ids, batch.positions, attention, picked)
                                .to(at::kFloat);  // (P of all, D)
  int64_t row = 0;
  for (size_t i = 0; i < indices.size(); ++i) {
    // One conversation at a time: a product of more rows may sum in another order.
    scores[indices[i]] = head_->score(hidden.narrow(0, row, counts[i]));
    row += counts[i];
  }
}

}  // namespace amalgam
