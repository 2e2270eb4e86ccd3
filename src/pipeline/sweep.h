// A sweep: a grid of settings laid over the preference runs of a recipe. Each cell is trained from
// Target-SFT and measured on the held-out prompts; all share the samples, the tuples and the
// reference log-probabilities.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pipeline/run.h"
#include "report/sweep.h"

namespace amalgam {

struct SweepCell {
  std::string run;                                            // of Recipe::prefer
  std::vector<std::pair<std::string, std::string>> settings;  // in the order of the grid
  PreferStage stage;                                          // the run with these settings

  /// Its name in the store: "wrpo,alpha=0.1,alpha_schedule=linear".
  std::string name() const;
};

/// The cells of the recipe's grid, run by run; none where there is no grid. Settings without effect
/// are left out of a cell (alpha where the tuples have winners of one role, a coefficient that the
/// objective does not have), so that nothing is trained twice. Usage errors name key and value.
std::vector<SweepCell> sweep_cells(const Recipe& recipe);

/// Trains and measures the cells that are not measured yet, in a run that is paired. A cell whose
/// training diverges is noted, and not tried again.
void run_sweep(Run& run);

/// What the sweep has measured so far.
ReportSweep sweep_of(const Run& run);

}  // namespace amalgam
