// amalgam prefer: preference training on a file of tuples.
#include "commands/train_files.h"

namespace amalgam {
namespace {

class Prefer : public TrainFiles {
 public:
  Prefer() : TrainFiles("prefer", {}) {}

 private:
  void select(TrainingData&) const override {}
};

}  // namespace

std::unique_ptr<Command> make_prefer() { return std::make_unique<Prefer>(); }

}  // namespace amalgam
