// amalgam export: a table of a run as a data file.
#include <fmt/ranges.h>

#include <algorithm>

#include "commands/command.h"
#include "core/error.h"
#include "core/log.h"
#include "data/datasets.h"
#include "data/layouts.h"
#include "data/store.h"

namespace amalgam {
namespace {

void prompt_rows(const RunStore& store, const RowSink& sink) {
  for (const Prompt& prompt : store.prompts()) sink(to_row(prompt));
}
void response_rows(const RunStore& store, const RowSink& sink) {
  store.for_each_response(
      {}, [&](const Response& response) { sink(to_row(response, store.scores_of(response.key))); });
}
void score_rows(const RunStore& store, const RowSink& sink) {
  store.for_each_score("", {}, [&](const Score& score) { sink(to_row(score)); });
}
void metric_rows(const RunStore& store, const RowSink& sink) {
  for (const MetricRow& metric : store.metrics()) {
    Json row = {{"stage", metric.stage}, {"step", metric.step}};
    row.update(metric.values);
    sink(row);
  }
}
void result_rows(const RunStore& store, const RowSink& sink) {
  for (const Result& result : store.results()) sink(to_row(result));
}

struct Table {
  std::string_view name;
  void (*rows)(const RunStore& store, const RowSink& sink);
};
constexpr Table kTables[] = {{"prompts", prompt_rows},
                             {"responses", response_rows},
                             {"scores", score_rows},
                             {"metrics", metric_rows},
                             {"results", result_rows}};

class Export : public Command {
 public:
  void describe(Options& options) override {
    options.add("run", run_, "Run folder.");
    options.add("table", table_,
                "What to write: prompts, responses, scores, tuples, metrics, results.",
                one_of({"prompts", "responses", "scores", "tuples", "metrics", "results"}));
    options.add("output", output_, "The file: .jsonl, .jsonl.gz or .parquet.");
    options.add(
        "stage", stage_,
        "Which tuples: the name of a pairing. Default: those to prefer, where there is one kind.");
    options.add(
        "layout", layout_,
        fmt::format("Layout of tuples: {}. Not given: official.", fmt::join(layout_names(), ", ")));
  }
  std::vector<std::string> positional() const override { return {"run"}; }
  std::vector<std::string> required() const override { return {"run", "table", "output"}; }

  int run() override {
    if (table_ != "tuples" && (!stage_.empty() || !layout_.empty()))
      fail_usage("--stage and --layout go with --table tuples");
    const RunStore store = RunStore::open_run(run_, RunStore::Mode::kRead);
    const int64_t count = table_ == "tuples" ? export_tuples(store) : export_table(store);
    info("export: {} rows of {} in {}", count, table_, output_.string());
    return 0;
  }

 private:
  int64_t export_table(const RunStore& store) const {
    for (const Table& table : kTables)
      if (table.name == table_)
        return write_rows(output_, [&](const RowSink& sink) { table.rows(store, sink); });
    fail_usage("--table: unknown table \"{}\"", table_);
  }

  int64_t export_tuples(const RunStore& store) const {
    const Layout& layout = find_layout(layout_.empty() ? "official" : layout_);
    const std::vector<PreferenceTuple> tuples = store.tuples(stage_of(store));
    return write_rows(output_, [&](const RowSink& sink) {
      for (const PreferenceTuple& tuple : tuples) layout.write(tuple, sink);
    });
  }

  /// The tuples that --stage names, or the only ones there are beside those of Target-SFT.
  std::string stage_of(const RunStore& store) const {
    std::vector<std::string> stages = store.tuple_stages();
    if (stages.empty())
      fail_usage("{}: the run has no tuples; make them with amalgam pair", run_.string());
    const std::string known = fmt::format("{}", fmt::join(stages, ", "));
    if (!stage_.empty()) {
      if (std::find(stages.begin(), stages.end(), stage_) == stages.end())
        fail_usage("--stage: the run has no tuples \"{}\"; it has: {}", stage_, known);
      return stage_;
    }
    if (stages.size() > 1) std::erase(stages, "sft");
    if (stages.size() > 1) fail_usage("--stage: name one of the run's tuples: {}", known);
    return stages.front();
  }

  fs::path run_, output_;
  std::string table_, stage_, layout_;
};

}  // namespace

std::unique_ptr<Command> make_export() { return std::make_unique<Export>(); }

}  // namespace amalgam
