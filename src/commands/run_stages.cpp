// amalgam sample, evaluate, report: single stages of a run that was started with `amalgam run`.
#include <unistd.h>

#include <cstdio>

#include "commands/command.h"
#include "pipeline/evaluation.h"
#include "pipeline/run.h"
#include "pipeline/stages.h"

namespace amalgam {
namespace {

class RunStagesCommand : public Command {
 public:
  explicit RunStagesCommand(void (*work)(Run&)) : work_(work) {}
  void describe(Options& options) override { options.add("run", folder_, "The run folder."); }
  std::vector<std::string> positional() const override { return {"run"}; }
  std::vector<std::string> required() const override { return {"run"}; }

  int run() override {
    Run run = Run::open(folder_);
    work_(run);
    return 0;
  }

 private:
  void (*work_)(Run&);
  fs::path folder_;
};

}  // namespace

std::unique_ptr<Command> make_sample() {
  return std::make_unique<RunStagesCommand>([](Run& run) { run_stages(run, "sample-sources"); });
}

std::unique_ptr<Command> make_evaluate() {
  return std::make_unique<RunStagesCommand>([](Run& run) {
    run_stages(run, "evaluate");
    print_results(run);
  });
}

std::unique_ptr<Command> make_report() {
  return std::make_unique<RunStagesCommand>([](Run& run) {
    write_report(run);
    print_results(run);
  });
}

}  // namespace amalgam
