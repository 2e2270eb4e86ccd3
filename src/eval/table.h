// The result table: systems down, domains and the total across.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/metric.h"
#include "eval/outcomes.h"

namespace amalgam {

struct ResultTable {
  std::vector<std::string> systems, domains;  // in order; the total is a column of its own
  /// cells[system][column]: columns are the domains, then the total; empty where not measured.
  std::vector<std::vector<std::optional<Result>>> cells;
  /// Whether a cell has its column's highest value.
  std::vector<std::vector<bool>> best;
  /// Each system's total against the reference system's, where compared.
  std::vector<std::optional<PairedComparison>> against_reference;
  std::string reference;
  Metric metric;  // of all results

  size_t columns() const { return domains.size() + 1; }
};

/// Lays out `results` (of one benchmark and metric) for `systems` in this order; an empty list
/// means all, as they appear. The comparisons with `reference` in total give a last column.
ResultTable make_table(const std::vector<Result>& results, std::vector<std::string> systems = {},
                       const std::vector<SystemComparison>& comparisons = {},
                       const std::string& reference = "");

/// For the terminal, values with 95 % intervals: "61.2 (58-64)", "0.1374 +-0.0102"; the best of
/// each column has a '*' and is bold when `colour`.
std::string format_table(const ResultTable& table, bool colour);

/// The same in Markdown, intervals with a decimal, the best of each column in bold.
std::string markdown_table(const ResultTable& table);

/// "p = 0.006", "p < 0.001".
std::string format_p(double p_value);

/// "+3.1 [0.9, 5.2], p = 0.006".
std::string format_difference(const PairedComparison& comparison, const Metric& metric);

}  // namespace amalgam
