// amalgam import: a run folder from existing prompts and responses.
#include "commands/command.h"
#include "core/error.h"
#include "core/log.h"
#include "data/datasets.h"
#include "data/store.h"

namespace amalgam {
namespace {

constexpr size_t kChunk = 1000;  // responses a transaction

class Import : public Command {
 public:
  void describe(Options& options) override {
    options.add("run", run_, "Run folder, created when absent.");
    options.add("prompts", prompts_, "Prompts (.jsonl, .jsonl.gz, .parquet).");
    options.add("responses", responses_, "Responses to them, with scores or without.");
    options.add("held_out", held_out_, "Prompts that are only measured.");
    options.add("sft_fraction", sft_fraction_,
                "Share of the prompts for SFT; the others are for preference training.",
                between(0, 1));
    options.add("seed", seed_, "Seed of that split.");
  }
  std::vector<std::string> positional() const override { return {"run"}; }
  std::vector<std::string> required() const override { return {"run", "prompts"}; }

  int run() override {
    RunStore store = RunStore::open_run(run_, RunStore::Mode::kCreate);
    const auto by_hash = [&](const std::string& id) {
      return assign_split(id, seed_, sft_fraction_);
    };
    store.put_prompts(read_prompts(prompts_, by_hash));
    if (!held_out_.empty())
      store.put_prompts(
          read_prompts(held_out_, [](const std::string&) { return Split::kHeldOut; }));
    for (const Split split : {Split::kSft, Split::kPrefer, Split::kHeldOut})
      info("import: {} prompts for {}", store.prompts(split).size(), to_string(split));
    if (!responses_.empty()) import_responses(store);
    return 0;
  }

 private:
  void import_responses(RunStore& store) {
    std::vector<Response> chunk;
    std::vector<Score> scores;
    size_t responses = 0, scored = 0;
    const auto flush = [&] {
      Transaction transaction(*store.database());
      store.put_responses(chunk);
      store.put_scores(scores);
      transaction.commit();
      responses += chunk.size();
      scored += scores.size();
      chunk.clear();
      scores.clear();
    };
    read_responses(responses_, [&](ResponseRow row, const std::string& where) {
      if (!store.prompt(row.response.key.prompt_id))
        fail_usage("{}: \"prompt_id\": there is no prompt {}", where, row.response.key.prompt_id);
      chunk.push_back(std::move(row.response));
      for (Score& score : row.scores) scores.push_back(std::move(score));
      if (chunk.size() == kChunk) flush();
    });
    flush();
    info("import: {} responses with {} scores", responses, scored);
  }

  fs::path run_, prompts_, responses_, held_out_;
  double sft_fraction_ = 1.0 / 3;  // WRPO (arXiv 2412.03187), section 4.1
  int64_t seed_ = 42;
};

}  // namespace

std::unique_ptr<Command> make_import() { return std::make_unique<Import>(); }

}  // namespace amalgam
