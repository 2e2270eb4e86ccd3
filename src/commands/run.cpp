#include "pipeline/run.h"

#include "commands/command.h"
#include "core/error.h"
#include "pipeline/evaluation.h"

namespace amalgam {
namespace {

class RunCommand : public Command {
 public:
  void describe(Options& options) override {
    options.add("recipe", recipe_, "The recipe (YAML).");
    options.add("run", folder_, "Run folder; default runs/NAME.");
    options.add("until", until_, "Stop after this stage.");
  }
  std::vector<std::string> positional() const override { return {"recipe"}; }
  std::vector<std::string> required() const override { return {"recipe"}; }
  bool accepts_set() const override { return true; }

  int run() override {
    Recipe recipe = load_recipe(recipe_, assignments);
    const fs::path folder = folder_.empty() ? fs::path("runs") / recipe.name : folder_;
    check_stage();
    Run run(std::move(recipe), folder);
    run_stages(run, until_);
    print_results(run);
    return 0;
  }

 private:
  void check_stage() const {
    std::vector<std::string> names;
    for (const Stage& stage : stages()) names.emplace_back(stage.name);
    if (const std::string why = one_of(names)(until_); !until_.empty() && !why.empty())
      fail_usage("--until {}: {}", until_, why);
  }

  fs::path recipe_, folder_;
  std::string until_;
};

}  // namespace

std::unique_ptr<Command> make_run() { return std::make_unique<RunCommand>(); }

}  // namespace amalgam
