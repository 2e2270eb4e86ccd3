// Sections that show how good the systems are.

#include <fmt/format.h>

#include <algorithm>

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

std::string points_tile(double difference, const std::string& what) {
  return tile("",
              fmt::format("<span class=\"{}\">{:+.1f}</span>", difference > 0 ? "up" : "down",
                          100 * difference),
              what);
}

std::string interval_text(double low, double high) {
  return fmt::format("{:.1f}&ndash;{:.1f}", 100 * low, 100 * high);
}

std::string result_cell(const Result* result, double highest, bool total) {
  if (result == nullptr) return "<td>&ndash;</td>";
  const bool best = result->value == highest;
  return fmt::format(
      "<td class=\"heat{}{}\" style=\"--v:{:.3f}\" title=\"n = "
      "{}\">{}{:.1f}{}<small>{}</small></td>",
      best ? " best" : "", total ? " total" : "", result->value, result->n,
      best || total ? "<b>" : "", 100 * result->value, best || total ? "</b>" : "",
      interval_text(result->low, result->high));
}

std::string comparison_cell(const ReportData& data, const std::string& system) {
  if (system == data.reference) return "<td class=\"total\">reference</td>";
  const ReportComparison* found = find_comparison(data, system);
  if (found == nullptr) return "<td class=\"total\"></td>";
  const bool significant = found->p_value < 0.05;
  const char* style = !significant ? "" : found->difference > 0 ? "up" : "down";
  const char* mark = !significant ? "" : found->difference > 0 ? " &#9650;" : " &#9660;";
  return fmt::format(
      "<td class=\"total\"><span class=\"{}\">{:+.1f}{}</span><small>{:+.1f} to {:+.1f}, "
      "{}</small></td>",
      style, 100 * found->difference, mark, 100 * found->low, 100 * found->high,
      p_text(found->p_value));
}

double highest_of(const ReportData& data, const std::string& domain) {
  double highest = -1;
  for (const ReportSystem& system : data.systems)
    if (const Result* result = find_result(data, system.name, domain))
      highest = std::max(highest, result->value);
  return highest;
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
  std::string tiles = tile(
      "lead-tile", fmt::format("{:.1f}%", 100 * fused->value),
      fmt::format("of {} held-out prompts answered right by {} <span class=\"nowrap\">({}%)</span>",
                  with_thousands(fused->n), name, interval_text(fused->low, fused->high)));
  const ReportSystem* target = target_of(data);
  if (const Result* before = target ? find_result(data, target->name, "") : nullptr)
    tiles += points_tile(fused->value - before->value,
                         fmt::format("points over {} ({:.1f}%), which it started from",
                                     escape_html(target->name), 100 * before->value));
  if (const ReportComparison* step = find_comparison(data, data.fused))
    tiles += points_tile(
        step->difference,
        fmt::format("points over {}, {}", escape_html(data.reference), p_text(step->p_value)));
  const Result* strongest = nullptr;
  for (const ReportSystem& system : data.systems) {
    const Result* result = find_result(data, system.name, "");
    if (system.kind == ReportSystem::Kind::kSource && result != nullptr &&
        (strongest == nullptr || result->value > strongest->value))
      strongest = result;
  }
  if (strongest != nullptr)
    tiles += points_tile(fused->value - strongest->value,
                         fmt::format("points over the best source, {} ({:.1f}%)",
                                     escape_html(strongest->subject), 100 * strongest->value));
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
      rows += result_cell(find_result(data, system.name, domain), highest_of(data, domain), false);
    rows += result_cell(find_result(data, system.name, ""), highest_of(data, ""), true);
    if (compared) rows += comparison_cell(data, system.name);
    rows += "</tr>";
  }
  std::string hint =
      "Percent of held-out prompts answered right, with 95&nbsp;% Wilson intervals; the best of "
      "each column is underlined.";
  if (compared)
    hint +=
        " The last column compares on the same prompts: difference in points, bootstrap interval, "
        "exact McNemar test; &#9650; and &#9660; mark p&nbsp;&lt;&nbsp;0.05.";
  return section("Results", hint,
                 "<div class=\"card scroll results\"><table>" + rows + "</table></div>");
}

std::string accuracy_section(const ReportData& data) {
  if (data.results.empty()) return "";
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
      bar.text = fmt::format("{:.1f}", 100 * result->value);
      bar.tooltip =
          fmt::format("{}: {:.1f} % (95 % interval {:.1f} to {:.1f}, n = {})", system.name,
                      100 * result->value, 100 * result->low, 100 * result->high, result->n);
      bar.strong = system.name == data.fused;
      bars.push_back(bar);
    }
    const std::string name = domain.empty() ? "All prompts" : domain;
    panels += card(name, horizontal_bars(bars, 1, "Accuracy: " + name));
  }
  return section(
      "Accuracy by domain",
      "Sources, the target and each stage; the axis runs from 0 to 100&nbsp;%, error bars "
      "are 95&nbsp;% intervals.",
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
