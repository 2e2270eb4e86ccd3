// What was measured on the held-out prompts, read from the store.
#pragma once

#include <vector>

#include "eval/accuracy.h"
#include "eval/table.h"
#include "pipeline/run.h"

namespace amalgam {

struct Evaluation {
  std::vector<Result> results;                 // by system and domain
  std::vector<SystemComparison> comparisons;   // every system against Target-SFT
  std::vector<SystemComparison> between_runs;  // the first preference run against each other one
  ResultTable table;
};

/// One outcome a system and held-out prompt, in the order of the table's rows.
std::vector<Outcome> heldout_outcomes(const Run& run);
Evaluation evaluation_of(const Run& run);
/// The result table and the path of the report, on standard output.
void print_results(const Run& run);

}  // namespace amalgam
