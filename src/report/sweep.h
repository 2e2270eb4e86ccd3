// What a sweep measured: a table in Markdown, a section of report.html.
#pragma once

#include <string>
#include <vector>

#include "data/records.h"

namespace amalgam {

struct ReportSweepCell {
  std::string run;      // the preference run
  std::string variant;  // its other settings: "alpha_schedule=linear"
  std::string x;        // value on the axis; empty where the run does not vary on it
  Result result;        // on all held-out prompts
};

struct ReportSweep {
  std::string axis;  // the setting along x: "alpha"
  std::vector<ReportSweepCell> cells;
  std::vector<Result> levels;         // what the cells compare with: the target, Target-SFT
  std::vector<std::string> diverged;  // names of cells whose training came to no end
};

/// Rows by run and variant, columns by the axis's values, the best in bold: accuracy in percent, or
/// the mean reward. The last column is of runs that do not vary on the axis.
std::string markdown_table(const ReportSweep& sweep);

}  // namespace amalgam
