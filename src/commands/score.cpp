// amalgam score: scores the responses of a file.

#include "commands/command.h"
#include "core/error.h"
#include "core/log.h"
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
  row.response.text = require<std::string>(json, "text", where);
  return row;
}

class ScoreCommand : public Command {
 public:
  void describe(Options& options) override {
    options.add("scorer", scorer_, "How to score: " + scorer_names() + ".", not_empty());
    options.add("input", input_, "JSONL rows {id, answer, text}.");
    options.add("output", output_, "JSONL rows {id, score, ...}, with the input's other fields.");
  }
  std::vector<std::string> required() const override { return {"scorer", "input", "output"}; }
  bool accepts_set() const override { return true; }

  int run() override {
    ConfigTree settings;
    for (const std::string& assignment : assignments) settings.set(assignment);
    const auto scorer = make_scorer(scorer_, settings.values);

    std::vector<Row> rows;
    for_each_row(input_, [&](const Json& json, const std::string& where) {
      rows.push_back(read_row(json, where));
    });
    JsonlWriter writer(output_);
    double sum = 0;
    for (size_t begin = 0; begin < rows.size(); begin += kRowsPerCall) {
      const size_t end = std::min(begin + kRowsPerCall, rows.size());
      std::vector<ScoreRequest> requests;
      for (size_t i = begin; i < end; ++i) requests.push_back({&rows[i].prompt, &rows[i].response});
      const auto scores = with_context(input_.string(), [&] { return scorer->score(requests); });
      for (size_t i = 0; i < scores.size(); ++i) {
        Json out = rows[begin + i].json;
        out["score"] = scores[i].value;
        out.update(scores[i].details);
        writer.write(out);
        sum += scores[i].value;
      }
    }
    writer.close();
    info("score: {} responses, mean {:.4f}", rows.size(),
         rows.empty() ? 0 : sum / static_cast<double>(rows.size()));
    return 0;
  }

 private:
  static std::string scorer_names() {
    std::string names;
    for (const ScorerEntry& entry : scorers())
      names += (names.empty() ? "" : ", ") + std::string(entry.name);
    return names;
  }

  std::string scorer_;
  fs::path input_, output_;
};

}  // namespace

std::unique_ptr<Command> make_score() { return std::make_unique<ScoreCommand>(); }

}  // namespace amalgam
