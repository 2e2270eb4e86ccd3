#include "report/sweep.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "data/metric.h"
#include "report/sections.h"
#include "report/svg.h"

namespace amalgam {
namespace {

std::string value_text(const Result& result) { return metric_of(result.metric).text(result.value); }

/// The distinct values of a member over the cells, in order of appearance.
std::vector<std::string> distinct(const std::vector<ReportSweepCell>& cells,
                                  std::string ReportSweepCell::*member) {
  std::vector<std::string> values;
  for (const ReportSweepCell& cell : cells)
    if (std::find(values.begin(), values.end(), cell.*member) == values.end())
      values.push_back(cell.*member);
  return values;
}

std::vector<ReportSweepCell> cells_of(const ReportSweep& sweep, const std::string& run) {
  std::vector<ReportSweepCell> cells;
  for (const ReportSweepCell& cell : sweep.cells)
    if (cell.run == run) cells.push_back(cell);
  return cells;
}

std::optional<double> number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool has_curve(const std::vector<ReportSweepCell>& cells) {
  return std::all_of(cells.begin(), cells.end(),
                     [](const ReportSweepCell& cell) { return number(cell.x).has_value(); });
}

constexpr const char* kDashes[] = {"", "dashed", "dotted"};

/// How the line of the i-th variant looks: colour and dash.
std::pair<std::string, std::string> style_of(size_t i) {
  return {fmt::format("source{}", i % 6), kDashes[i % std::size(kDashes)]};
}

std::vector<Line> curves(const ReportSweep& sweep, const std::vector<ReportSweepCell>& cells,
                         const std::vector<std::string>& variants) {
  std::vector<Line> lines;
  for (size_t i = 0; i < variants.size(); ++i) {
    const auto [colour, dash] = style_of(i);
    Line line{variants[i], colour, {}, {}, dash};
    for (const ReportSweepCell& cell : cells) {
      if (cell.variant != variants[i]) continue;
      line.points.emplace_back(number(cell.x).value(), cell.result.value);
      line.intervals.emplace_back(cell.result.low, cell.result.high);
    }
    if (!line.points.empty()) lines.push_back(std::move(line));
  }
  const auto [first, last] = std::minmax_element(lines[0].points.begin(), lines[0].points.end());
  if (!sweep.levels.empty()) {  // the last one alone: others would flatten the curves
    const Result& start = sweep.levels.back();
    lines.push_back(
        {start.subject, "target", {{first->first, start.value}, {last->first, start.value}}});
  }
  return lines;
}

/// A line, or nothing.
std::string diverged_text(const ReportSweep& sweep) {
  if (sweep.diverged.empty()) return "";
  return fmt::format("\ndiverged (loss or gradient not finite): {}\n",
                     fmt::join(sweep.diverged, "; "));
}

Bar bar_of(const std::string& name, const std::string& colour, const Result& result) {
  return {name, colour, result.value, std::pair(result.low, result.high), value_text(result),
          {},   false};
}

}  // namespace

std::string markdown_table(const ReportSweep& sweep) {
  std::vector<std::string> columns = distinct(sweep.cells, &ReportSweepCell::x);
  std::stable_partition(columns.begin(), columns.end(),
                        [](const std::string& x) { return !x.empty(); });
  std::string out = "| run | settings |", rule = "|---|---|";
  for (const std::string& x : columns) {
    out += x.empty() ? fmt::format(" no {} |", sweep.axis) : fmt::format(" {} {} |", sweep.axis, x);
    rule += "---:|";
  }
  out += "\n" + rule + "\n";
  double highest = -1e300;
  for (const ReportSweepCell& cell : sweep.cells) highest = std::max(highest, cell.result.value);
  for (const std::string& run : distinct(sweep.cells, &ReportSweepCell::run)) {
    const std::vector<ReportSweepCell> cells = cells_of(sweep, run);
    for (const std::string& variant : distinct(cells, &ReportSweepCell::variant)) {
      out += fmt::format("| {} | {} |", run, variant);
      for (const std::string& x : columns) {
        const auto cell = std::find_if(cells.begin(), cells.end(), [&](const ReportSweepCell& c) {
          return c.variant == variant && c.x == x;
        });
        if (cell == cells.end()) {
          out += " |";
          continue;
        }
        const char* mark = cell->result.value == highest ? "**" : "";
        out += fmt::format(" {}{}{} |", mark, value_text(cell->result), mark);
      }
      out += "\n";
    }
  }
  for (const Result& level : sweep.levels)
    out += fmt::format("\n{}: {}", level.subject, value_text(level));
  return out + "\n" + diverged_text(sweep);
}

std::string sweep_section(const ReportData& data) {
  const ReportSweep& sweep = data.sweep;
  if (sweep.cells.empty()) return "";
  std::pair<double, double> range = {1e300, -1e300};
  for (const ReportSweepCell& cell : sweep.cells) {
    range.first = std::min(range.first, cell.result.low);
    range.second = std::max(range.second, cell.result.high);
  }
  const bool percent = metric_of(sweep.cells.front().result.metric).is_share;
  const std::vector<std::string> variants = distinct(sweep.cells, &ReportSweepCell::variant);
  std::string panels;
  std::vector<Bar> bars;
  for (const std::string& run : distinct(sweep.cells, &ReportSweepCell::run)) {
    const std::vector<ReportSweepCell> cells = cells_of(sweep, run);
    if (has_curve(cells)) {
      panels +=
          card(run, line_chart(curves(sweep, cells, variants), sweep.axis, run, percent, range));
      continue;
    }
    for (const ReportSweepCell& cell : cells) {
      std::string name = run;
      for (const std::string& setting : {cell.x, cell.variant})
        if (!setting.empty()) name += " " + setting;
      bars.push_back(bar_of(name, "source0", cell.result));
    }
  }
  if (!bars.empty()) {
    for (const Result& level : sweep.levels) bars.push_back(bar_of(level.subject, "target", level));
    panels += card("Without " + sweep.axis, horizontal_bars(bars, percent ? 1 : 0, "Without axis"));
  }
  std::vector<std::pair<std::string, std::string>> entries;
  for (size_t i = 0; i < variants.size(); ++i) {
    const auto [colour, dash] = style_of(i);
    if (!variants[i].empty()) entries.emplace_back(variants[i], colour + " " + dash);
  }
  if (!sweep.levels.empty())
    entries.emplace_back(sweep.levels.back().subject + " " + value_text(sweep.levels.back()),
                         "target");
  return section("Sweep over " + escape_html(sweep.axis),
                 fmt::format("{} on the held-out prompts, with 95&nbsp;% intervals; the level line "
                             "is what the runs start from.",
                             percent ? "Percent answered right" : "Mean reward") +
                     escape_html(diverged_text(sweep)),
                 legend(entries) + "<div class=\"grid\">" + panels + "</div>");
}

}  // namespace amalgam
