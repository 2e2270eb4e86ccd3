#include "eval/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace amalgam {
namespace {

constexpr const char* kBold = "\x1b[1;32m";
constexpr const char* kDim = "\x1b[2m";
constexpr const char* kReset = "\x1b[0m";

size_t index_or_append(std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  names.push_back(name);
  return names.size() - 1;
}

std::string column_name(const ResultTable& table, size_t column) {
  return column < table.domains.size() ? table.domains[column] : "total";
}

void mark_best(ResultTable& table) {
  table.best.assign(table.systems.size(), std::vector<bool>(table.columns(), false));
  for (size_t column = 0; column < table.columns(); ++column) {
    double highest = -INFINITY;
    for (const auto& row : table.cells)
      if (row[column]) highest = std::max(highest, row[column]->value);
    for (size_t i = 0; i < table.systems.size(); ++i)
      table.best[i][column] = table.cells[i][column] && table.cells[i][column]->value == highest;
  }
}

/// Percent need no decimals in their interval; Student's is as wide to both sides.
std::string terminal_cell(const Result& cell, const Metric& metric) {
  if (metric.is_share)
    return fmt::format("{} ({:.0f}-{:.0f})", metric.text(cell.value), metric.shown(cell.low),
                       metric.shown(cell.high));
  return fmt::format("{} +-{}", metric.text(cell.value), metric.text((cell.high - cell.low) / 2));
}

std::string pad(const std::string& text, size_t width, bool right = false) {
  return right ? fmt::format("{:>{}}", text, width) : fmt::format("{:<{}}", text, width);
}

}  // namespace

ResultTable make_table(const std::vector<Result>& results, std::vector<std::string> systems,
                       const std::vector<SystemComparison>& comparisons,
                       const std::string& reference) {
  ResultTable table;
  table.systems = std::move(systems);
  table.reference = reference;
  if (!results.empty()) table.metric = metric_of(results.front().metric);
  const bool all = table.systems.empty();
  for (const Result& result : results) {
    if (all) index_or_append(table.systems, result.subject);
    if (!result.domain.empty()) index_or_append(table.domains, result.domain);
  }
  table.cells.resize(table.systems.size(), std::vector<std::optional<Result>>(table.columns()));
  table.against_reference.resize(table.systems.size());
  for (size_t i = 0; i < table.systems.size(); ++i) {
    for (const Result& result : results) {
      if (result.subject != table.systems[i]) continue;
      const size_t column = result.domain.empty() ? table.domains.size()
                                                  : index_or_append(table.domains, result.domain);
      table.cells[i][column] = result;
    }
    for (const SystemComparison& each : comparisons)
      if (each.a == table.systems[i] && each.b == reference && each.domain.empty())
        table.against_reference[i] = each.result;
  }
  mark_best(table);
  return table;
}

std::string format_p(double p_value) {
  return p_value < 0.001 ? "p < 0.001" : fmt::format("p = {:.3f}", p_value);
}

std::string format_difference(const PairedComparison& comparison, const Metric& metric) {
  const Interval& d = comparison.difference;
  return fmt::format("{} [{}, {}], {}", metric.signed_text(d.value), metric.text(d.low),
                     metric.text(d.high), format_p(comparison.p_value));
}

std::string format_table(const ResultTable& table, bool colour) {
  const bool compared = !table.reference.empty();
  std::vector<std::vector<std::string>> texts(table.systems.size() + 1);
  texts[0] = {"system"};
  for (size_t column = 0; column < table.columns(); ++column)
    texts[0].push_back(column_name(table, column) + " ");
  if (compared) texts[0].push_back("vs " + table.reference);
  for (size_t i = 0; i < table.systems.size(); ++i) {
    auto& row = texts[i + 1];
    row = {table.systems[i]};
    for (size_t column = 0; column < table.columns(); ++column) {
      const auto& cell = table.cells[i][column];
      row.push_back(
          !cell ? "- " : terminal_cell(*cell, table.metric) + (table.best[i][column] ? "*" : " "));
    }
    const auto& against = table.against_reference[i];
    if (compared)
      row.push_back(!against
                        ? ""
                        : fmt::format("{}, {}", table.metric.signed_text(against->difference.value),
                                      format_p(against->p_value)));
  }
  std::vector<size_t> widths(texts[0].size(), 0);
  for (const auto& row : texts)
    for (size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], row[column].size());
  std::string out;
  for (size_t i = 0; i < texts.size(); ++i) {
    for (size_t column = 0; column < texts[i].size(); ++column) {
      const bool is_cell = i > 0 && column > 0 && column <= table.columns();
      const std::string text = pad(texts[i][column], widths[column], column > 0);
      const char* style = i == 0                                     ? kDim
                          : is_cell && table.best[i - 1][column - 1] ? kBold
                                                                     : nullptr;
      out += column > 0 ? "  " : "";
      out += colour && style ? style + text + kReset : text;
    }
    while (out.ends_with(' ')) out.pop_back();
    out += '\n';
  }
  return out;
}

std::string markdown_table(const ResultTable& table) {
  const bool compared = !table.reference.empty();
  std::string out = "| system |", rule = "|---|";
  for (size_t column = 0; column < table.columns(); ++column) {
    out += fmt::format(" {} |", column_name(table, column));
    rule += "---:|";
  }
  if (compared) {
    out += fmt::format(" total against {} |", table.reference);
    rule += "---:|";
  }
  out += "\n" + rule + "\n";
  for (size_t i = 0; i < table.systems.size(); ++i) {
    out += fmt::format("| {} |", table.systems[i]);
    for (size_t column = 0; column < table.columns(); ++column) {
      const auto& cell = table.cells[i][column];
      const char* mark = table.best[i][column] ? "**" : "";
      out += !cell ? " |"
                   : fmt::format(" {}{}{} [{}, {}] |", mark, table.metric.text(cell->value), mark,
                                 table.metric.text(cell->low), table.metric.text(cell->high));
    }
    const auto& against = table.against_reference[i];
    if (compared)
      out += against ? fmt::format(" {} |", format_difference(*against, table.metric)) : " |";
    out += "\n";
  }
  return out;
}

}  // namespace amalgam
