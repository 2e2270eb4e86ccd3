// amalgam score: scores the responses of a file.

#include "commands/command.h"
#include "commands/score_model.h"
#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "reward/scorer.h"

namespace amalgam {
namespace {

/// Rows scored together: scorers batch inside a call.
constexpr size_t kRowsPerCall = 1024;

struct Row {
  Json json;
  Prompt prompt;
  Response response;
};

Row read_row(const Json& json, const std::string& where) {
  Row row;
  row.json = json;
  const Json id = require<Json>(json, "id", where);
  row.prompt.id = id.is_string() ? id.get<std::string>() : to_line(id);
  const Json answer = json.value("answer", Json());
  if (!answer.is_null())
    row.prompt.answer = answer.is_string() ? answer.get<std::string>() : to_line(answer);
  row.prompt.messages =
      json.contains("messages") ? require<Json>(json, "messages", where) : Json::array();
  row.response.text = require<std::string>(json, "text", where);
  return row;
}

class ScoreCommand : public Command {
 public:
  void describe(Options& options) override {
    options.add("scorer", scorer_, "How to score: " + scorer_names() + ".", not_empty());
    options.add("model", model_, "Folder of a reward model, instead of a scorer.");
    options.add("input", input_,
                "JSONL rows: for a scorer {id, answer, text} (reward-model: {id, messages, text}); "
                "for a model {id, messages}, PairRM {id, prompt, candidates}.");
    options.add("output", output_,
                "JSONL rows {id, score, ...} (PairRM: {id, matrix, ranking}), with the input's "
                "other fields.");
    options.add("dtype", dtype_, "Type a model computes in: fp32 or bf16.",
                one_of({"fp32", "bf16"}));
    options.add("device", device_, "Where a model computes: cpu or cuda.", one_of({"cpu", "cuda"}));
    options.add("batch_tokens", batch_tokens_,
                "Tokens a model computes together; memory, not scores, depends on it.",
                at_least(int64_t{1}));
    options.add("metrics", metrics_,
                "JSON file of {\"load_seconds\", \"seconds\"}; with --model alone.");
  }
  std::vector<std::string> required() const override { return {"input", "output"}; }
  bool accepts_set() const override { return true; }

  int run() override {
    if (scorer_.empty() == model_.empty())
      fail_usage("score: give either --model (a reward model's folder) or --scorer ({})",
                 scorer_names());
    if (model_.empty() && !metrics_.empty()) fail_usage("--metrics goes with --model");
    if (model_.empty())
      run_scorer();
    else if (!assignments.empty())
      fail_usage("--set {}: belongs to --scorer; --model has flags of its own", assignments[0]);
    else
      score_with_model({model_, input_, output_, metrics_, dtype_, device_, batch_tokens_});
    return 0;
  }

 private:
  void run_scorer() {
    ConfigTree settings;
    for (const std::string& assignment : assignments) settings.set(assignment);
    const auto scorer = make_scorer(scorer_, settings.values);

    std::vector<Row> rows;
    for_each_row(input_, [&](const Json& json, const std::string& where) {
      rows.push_back(read_row(json, where));
    });
    JsonlWriter writer(output_);
    Progress progress("score", std::ssize(rows), "responses");
    double sum = 0;
    int64_t scored = 0;
    for (size_t begin = 0; begin < rows.size(); begin += kRowsPerCall) {
      const size_t end = std::min(begin + kRowsPerCall, rows.size());
      std::vector<ScoreRequest> requests;
      for (size_t i = begin; i < end; ++i) requests.push_back({&rows[i].prompt, &rows[i].response});
      const auto scores = with_context(input_.string(), [&] {
        return scorer->score(requests, [&](int64_t count) { progress.advance(count); });
      });
      for (size_t i = 0; i < scores.size(); ++i) {
        Json out = rows[begin + i].json;
        if (scores[i].value) {
          out["score"] = *scores[i].value;
          sum += *scores[i].value;
          ++scored;
        }
        out.update(scores[i].details);
        writer.write(out);
      }
    }
    writer.close();
    info("score: {} responses, mean {:.4f}", scored,
         scored > 0 ? sum / static_cast<double>(scored) : 0);
    if (scored < std::ssize(rows))
      warn("{} responses have no score; their rows say why", std::ssize(rows) - scored);
  }

  std::string scorer_, dtype_ = "bf16", device_ = "cpu";
  fs::path model_, input_, output_, metrics_;
  int64_t batch_tokens_ = 8192;
};

}  // namespace

std::unique_ptr<Command> make_score() { return std::make_unique<ScoreCommand>(); }

}  // namespace amalgam
