// amalgam prefer: preference training on a file of tuples.
#include "commands/train_files.h"

namespace amalgam {
namespace {

class Prefer : public TrainFiles {
 public:
  Prefer() : TrainFiles("prefer", {}) {}

  void describe(Options& options) override {
    TrainFiles::describe(options);
    options.add(
        "references", references_,
        "File that keeps the reference's log-probabilities, by hashes of weights and tokens: "
        "trainings that share it compute them once. Default: kept for the life of the run.");
  }

 private:
  void select(TrainingData&) const override {}
};

}  // namespace

std::unique_ptr<Command> make_prefer() { return std::make_unique<Prefer>(); }

}  // namespace amalgam
