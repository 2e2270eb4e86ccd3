// A reward model as the scorer of a recipe.
#include "core/config.h"
#include "core/error.h"
#include "models/pretrained.h"
#include "reward/reward_model.h"
#include "tensor/device.h"

namespace amalgam {
namespace {

struct RewardScorerConfig {
  fs::path model;
  std::string dtype = "bf16", device = "cpu";
  int64_t batch_tokens = 4096;

  void describe(Options& options) {
    options.add("model", model, "Hugging Face folder of the reward model.");
    options.add("dtype", dtype, "Type to compute in: fp32 or bf16.", one_of({"fp32", "bf16"}));
    options.add("device", device, "Where to compute: cpu or cuda.", one_of({"cpu", "cuda"}));
    options.add("batch_tokens", batch_tokens,
                "Tokens computed together; memory, not scores, depends on it.",
                at_least(int64_t{1}));
  }
};

class RewardScorer : public Scorer {
 public:
  explicit RewardScorer(const RewardScorerConfig& config) : config_(config) {}

  void set_clock(const std::string& now) override { chat_.now = now; }

  std::vector<Scored> score(std::span<const ScoreRequest> requests,
                            const ScoredCount& done) override {
    if (!model_)
      model_ = std::make_unique<RewardModel>(config_.model, dtype_from_name(config_.dtype),
                                             device_from_name(config_.device));
    std::vector<Conversation> conversations;
    for (const ScoreRequest& request : requests) {
      Json messages = request.prompt->messages;
      messages.push_back({{"role", "assistant"}, {"content", request.response->text}});
      with_context("prompt " + request.prompt->id, [&] {
        conversations.push_back(model_->encode(messages, chat_));
        model_->check(conversations.back().ids);
      });
    }
    std::vector<Scored> scores = model_->score(conversations, config_.batch_tokens, done);
    for (size_t i = 0; i < scores.size(); ++i) require_finite(scores[i], requests[i].prompt->id);
    return scores;
  }

  void check(const Prompt& prompt) override {
    if (!tokenizer_) tokenizer_.emplace(Tokenizer::load(config_.model));
    Json messages = prompt.messages;
    messages.push_back({{"role", "assistant"}, {"content", "answer"}});
    with_context("prompt " + prompt.id, [&] { tokenizer_->render_chat(messages, chat_); });
  }

 private:
  RewardScorerConfig config_;
  ChatOptions chat_;
  std::unique_ptr<RewardModel> model_;  // loaded for the first call of score()
  std::optional<Tokenizer> tokenizer_;  // for the first call of check()
};

}  // namespace

std::unique_ptr<Scorer> make_reward_scorer(const Json& settings) {
  RewardScorerConfig config;
  ConfigTree tree;
  tree.values = settings;
  tree.origin = "score";
  Options::described(config).read(tree);
  if (config.model.empty())
    fail_usage("scorer reward-model: model is missing, the reward model's folder");
  check_reward_model(config.model);
  return std::make_unique<RewardScorer>(config);
}

}  // namespace amalgam
