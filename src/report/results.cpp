// Sections that show how good the systems are.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/metric.h"
#include "report/sections.h"
#include "report/svg.h"

namespace amalgam {
namespace {

std::string tile(const std::string& style, const std::string& big, const std::string& what) {
  return fmt::format(
      "<div class=\"card tile {}\"><div class=\"big\">{}</div><div class=\"what\">{}"
      "</div></div>",
      style, big, what);
}

std::string difference_tile(const Metric& metric, double difference, const std::string& what) {
  return tile("",
              fmt::format("<span class=\"{}\">{}</span>", difference > 0 ? "up" : "down",
                          metric.signed_text(difference)),
              what);
}

std::string interval_text(const Metric& metric, const Result& result) {
  return fmt::format("{}{}{}", metric.text(result.low), metric.is_share ? "&ndash;" : " to ",
                     metric.text(result.high));
}

/// The lowest and the highest value of a column.
struct Range {
  double low = INFINITY, high = -INFINITY;
};

Range range_of(const ReportData& data, const std::string& domain) {
  Range range;
  for (const ReportSystem& system : data.systems)
    if (const Result* result = find_result(data, system.name, domain)) {
      range.low = std::min(range.low, result->value);
      range.high = std::max(range.high, result->value);
    }
  return range;
}

std::string result_cell(const Result* result, const Range& range, bool total) {
  if (result == nullptr) return "<td>&ndash;</td>";
  const Metric& metric = metric_of(result->metric);
  const bool best = result->value == range.high;
  const double heat = metric.is_share ? result->value
                      : range.high == range.low
                          ? 1
                          : (result->value - range.low) / (range.high - range.low);
  return fmt::format(
      "<td class=\"heat{}{}\" style=\"--v:{:.3f}\" title=\"n = "
      "{}\">{}{}{}<small>{}</small></td>",
      best ? " best" : "", total ? " total" : "", heat, result->n, best || total ? "<b>" : "",
      metric.text(result->value), best || total ? "</b>" : "", interval_text(metric, *result));
}

std::string comparison_cell(const ReportData& data, const std::string& system) {
  if (system == data.reference) return "<td class=\"total\">reference</td>";
  const ReportComparison* found = find_comparison(data, system);
  if (found == nullptr) return "<td class=\"total\"></td>";
  const Metric& metric = metric_of(data.results.front().metric);
  const bool significant = found->p_value < 0.05;
  const char* style = !significant ? "" : found->difference > 0 ? "up" : "down";
  const char* mark = !significant ? "" : found->difference > 0 ? " &#9650;" : " &#9660;";
  return fmt::format(
      "<td class=\"total\"><span class=\"{}\">{}{}</span><small>{} to {}, "
      "{}</small></td>",
      style, metric.signed_text(found->difference), mark, metric.signed_text(found->low),
      metric.signed_text(found->high), p_text(found->p_value));
}

const ReportSystem* target_of(const ReportData& data) {
  for (const ReportSystem& system : data.systems)
    if (system.kind == ReportSystem::Kind::kTarget) return &system;
  return nullptr;
}

}  // namespace

std::string headline_section(const ReportData& data) {
  const Result* fused = find_result(data, data.fused, "");
  if (fused == nullptr) return "";
  const std::string name = escape_html(data.fused);
  const Metric& metric = metric_of(fused->metric);
  const char* unit = metric.is_share ? "%" : "";
  const auto value = [&](const Result& result) { return metric.text(result.value) + unit; };
  std::string tiles =
      tile("lead-tile", value(*fused),
           fmt::format("{} {} held-out prompts {} {} <span class=\"nowrap\">({}{})</span>",
                       metric.is_share ? "of" : "mean reward on", with_thousands(fused->n),
                       metric.is_share ? "answered right by" : "of", name,
                       interval_text(metric, *fused), unit));
  const ReportSystem* target = target_of(data);
  if (const Result* before = target ? find_result(data, target->name, "") : nullptr)
    tiles += difference_tile(metric, fused->value - before->value,
                             fmt::format("{} {} ({}), which it started from", metric.above(),
                                         escape_html(target->name), value(*before)));
  if (const ReportComparison* step = find_comparison(data, data.fused))
    tiles += difference_tile(metric, step->difference,
                             fmt::format("{} {}, {}", metric.above(), escape_html(data.reference),
                                         p_text(step->p_value)));
  const Result* strongest = nullptr;
  for (const ReportSystem& system : data.systems) {
    const Result* result = find_result(data, system.name, "");
    if (system.kind == ReportSystem::Kind::kSource && result != nullptr &&
        (strongest == nullptr || result->value > strongest->value))
      strongest = result;
  }
  if (strongest != nullptr)
    tiles += difference_tile(metric, fused->value - strongest->value,
                             fmt::format("{} the best source, {} ({})", metric.above(),
                                         escape_html(strongest->subject), value(*strongest)));
  return "<div class=\"tiles\">" + tiles + "</div>";
}

std::string table_section(const ReportData& data) {
  if (data.results.empty()) return "";
  const auto domains = domains_of(data);
  std::string rows = "<tr><th>system</th>";
  for (const std::string& domain : domains) rows += "<th>" + escape_html(domain) + "</th>";
  rows += "<th class=\"total\">total</th>";
  const bool compared = !data.comparisons.empty();
  if (compared) rows += "<th class=\"total\">against " + escape_html(data.reference) + "</th>";
  rows += "</tr>";
  auto last_kind = ReportSystem::Kind::kSource;
  for (const ReportSystem& system : data.systems) {
    if (find_result(data, system.name, "") == nullptr) continue;
    std::string style = system.name == data.fused ? "highlight " : "";
    if (last_kind == ReportSystem::Kind::kSource && system.kind != last_kind) style += "group";
    last_kind = system.kind;
    rows += fmt::format(
        "<tr class=\"{}\"><td><span class=\"swatch {}\"></span>{}<small>{}</small></td>", style,
        colour_of(data, system.name), escape_html(system.name), escape_html(system.sentence));
    for (const std::string& domain : domains)
      rows += result_cell(find_result(data, system.name, domain), range_of(data, domain), false);
    rows += result_cell(find_result(data, system.name, ""), range_of(data, ""), true);
    if (compared) rows += comparison_cell(data, system.name);
    rows += "</tr>";
  }
  const Metric& metric = metric_of(data.results.front().metric);
  std::string hint =
      fmt::format("{}, with 95&nbsp;% {} intervals; the best of each column is underlined.",
                  metric.sentence, metric.is_share ? "Wilson" : "Student");
  if (compared)
    hint += fmt::format(
        " The last column compares on the same prompts: difference{}, bootstrap interval, {} test; "
        "&#9650; and &#9660; mark p&nbsp;&lt;&nbsp;0.05.",
        metric.is_share ? " in points" : "", metric.is_share ? "exact McNemar" : "permutation");
  return section("Results", hint,
                 "<div class=\"card scroll results\"><table>" + rows + "</table></div>");
}

std::string accuracy_section(const ReportData& data) {
  if (data.results.empty()) return "";
  const Metric& metric = metric_of(data.results.front().metric);
  const std::string heading = metric.is_share ? "Accuracy" : "Reward";
  auto domains = domains_of(data);
  domains.insert(domains.begin(), "");
  std::string panels;
  for (const std::string& domain : domains) {
    std::vector<Bar> bars;
    for (const ReportSystem& system : data.systems) {
      const Result* result = find_result(data, system.name, domain);
      if (result == nullptr) continue;
      Bar bar{system.name, colour_of(data, system.name), result->value, {}, {}, {}, false};
      bar.interval = {result->low, result->high};
      bar.text = metric.text(result->value);
      bar.tooltip = fmt::format("{}: {}{} (95 % interval {} to {}, n = {})", system.name, bar.text,
                                metric.is_share ? " %" : "", metric.text(result->low),
                                metric.text(result->high), result->n);
      bar.strong = system.name == data.fused;
      bars.push_back(bar);
    }
    const std::string name = domain.empty() ? "All prompts" : domain;
    panels += card(name, horizontal_bars(bars, metric.is_share ? 1 : 0, heading + ": " + name));
  }
  return section(
      heading + " by domain",
      fmt::format("Sources, the target and each stage; {}error bars are 95&nbsp;% intervals.",
                  metric.is_share ? "the axis runs from 0 to 100&nbsp;%, " : ""),
      "<div class=\"grid\">" + panels + "</div>");
}

std::string samples_section(const ReportData& data) {
  if (data.samples.empty()) return "";
  std::string body;
  for (const ReportSample& sample : data.samples) {
    std::string rows;
    for (const ReportAnswer& answer : sample.answers) {
      const char* mark = answer.verdict == "correct" ? "&#10003; correct"
                         : answer.verdict == "wrong" ? "&#10007; wrong"
                                                     : "";
      std::string verdict = *mark ? mark : escape_html(answer.verdict);
      if (answer.verdict.empty() && answer.score) verdict = fmt::format("{:.3g}", *answer.score);
      rows += fmt::format(
          "<tr><td><span class=\"swatch {}\"></span>{}</td><td class=\"verdict {}\">{}</td>"
          "<td class=\"text\">{}</td></tr>",
          colour_of(data, answer.system), escape_html(answer.system), escape_html(answer.verdict),
          verdict, escape_html(answer.text));
    }
    body += fmt::format(
        "<div class=\"card\"><div class=\"tag\">{}{}</div>"
        "<div class=\"prompt\">{}</div><table class=\"answers\">{}</table></div>",
        escape_html(sample.domain),
        sample.gold.empty() ? "" : " &middot; answer: <b>" + escape_html(sample.gold) + "</b>",
        escape_html(sample.prompt), rows);
  }
  return section("Samples", "Held-out prompts with every system's answer.",
                 "<div class=\"grid wide\">" + body + "</div>");
}

}  // namespace amalgam
