// A run: one recipe in one folder. Stages read records from the store and write others; each may be
// killed at any moment and called again.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/folder_lock.h"
#include "data/store.h"
#include "models/pretrained.h"
#include "pipeline/recipe.h"

namespace amalgam {

class Run {
 public:
  /// Makes the folder, or opens it for the recipe it was made for, and holds it; another recipe is
  /// a usage error that names the first key that differs, and so is a folder that another process
  /// holds.
  Run(Recipe recipe, fs::path folder);
  /// Opens a folder that a run was started in.
  static Run open(const fs::path& folder);

  const Recipe recipe;
  const fs::path folder;

 private:
  const FolderLock lock_;  // before anything is written

 public:
  RunStore store;
  /// When the run began: the clock of all its chat templates.
  const std::string clock;

  /// Where the checkpoint of a source, the target or a stage's result is.
  fs::path model_folder(const std::string& name) const;
  /// The recipe's key of a source or the target, under which its folder is an input (inputs.h);
  /// empty for a stage's result.
  std::string input_key(const std::string& name) const;
  /// That checkpoint in `dtype` ("bf16", "fp32") on the recipe's device.
  Pretrained load(const std::string& name, const std::string& dtype);
  /// Its tokenizer, with the run's clock.
  Tokenizer tokenizer(const std::string& name) const;
  /// Sources, target, target-sft, preference runs: the rows of the result table.
  std::vector<std::string> systems() const;
  std::string target_sft() const { return "target-sft"; }
  /// Whose samples y_wt and y_l are: Target-SFT's, or the target's own where the recipe brings
  /// some.
  std::string own_samples() const;
  /// The tuples that the report shows and whose log-probabilities are measured: those of the first
  /// preference run.
  const std::string& main_pairs() const { return recipe.prefer.front().second.pairs; }
  int64_t seed() const { return recipe.seed; }

  /// Runs `work` and adds its seconds to the stage's time (report.html, "Time").
  void timed(const std::string& stage, const std::function<void()>& work);
};

/// A step of the pipeline; stages run in the order of the list.
struct Stage {
  std::string_view name;
  std::string_view sentence;
  void (*run)(Run& run);
};
const std::vector<Stage>& stages();

/// Runs all stages, or those up to and including `last` when it is not empty.
void run_stages(Run& run, std::string_view last = {});

}  // namespace amalgam
