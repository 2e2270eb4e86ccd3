#include "report/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/sections.h"
#include "report/style.h"
#include "report/svg.h"

namespace amalgam {
namespace {

std::string header(const ReportData& data) {
  std::string out =
      "<header><div class=\"kicker\">amalgam &middot; implicit model fusion</div><h1>" +
      escape_html(data.recipe) + "</h1>";
  if (!data.summary.empty()) out += "<p class=\"lead\">" + escape_html(data.summary) + "</p>";
  if (!data.facts.empty()) {
    out += "<ul class=\"facts\">";
    for (const auto& [name, value] : data.facts)
      out += "<li>" + escape_html(name) + " <b>" + escape_html(value) + "</b></li>";
    out += "</ul>";
  }
  for (const std::string& note : data.notes)
    out += "<div class=\"note\">" + escape_html(note) + "</div>";
  return out + "</header>";
}

}  // namespace

std::string colour_of(const ReportData& data, const std::string& system) {
  if (system == data.fused) return "fused";
  int sources = 0, stages = 0;
  for (const ReportSystem& each : data.systems) {
    const bool found = each.name == system;
    switch (each.kind) {
      case ReportSystem::Kind::kSource:
        if (found) return fmt::format("source{}", sources % kSourceColours);
        ++sources;
        break;
      case ReportSystem::Kind::kTarget:
        if (found) return "target";
        break;
      case ReportSystem::Kind::kStage:
        if (found) return fmt::format("stage{}", stages % kStageColours);
        stages += each.name != data.fused;
        break;
    }
  }
  return "target";
}

const Result* find_result(const ReportData& data, const std::string& system,
                          const std::string& domain) {
  for (const Result& result : data.results)
    if (result.subject == system && result.domain == domain) return &result;
  return nullptr;
}

std::vector<std::string> domains_of(const ReportData& data) {
  std::vector<std::string> domains;
  for (const Result& result : data.results)
    if (!result.domain.empty() &&
        std::find(domains.begin(), domains.end(), result.domain) == domains.end())
      domains.push_back(result.domain);
  return domains;
}

const ReportComparison* find_comparison(const ReportData& data, const std::string& system) {
  for (const ReportComparison& each : data.comparisons)
    if (each.name == system && each.domain.empty()) return &each;
  return nullptr;
}

std::string with_thousands(int64_t count) {
  std::string text = std::to_string(count);
  const int first = count < 0 ? 1 : 0;
  for (int at = static_cast<int>(text.size()) - 3; at > first; at -= 3)
    text.insert(static_cast<size_t>(at), 1, ',');
  return text;
}

std::string p_text(double p_value) {
  return p_value < 0.001 ? "p&nbsp;&lt;&nbsp;0.001" : fmt::format("p&nbsp;=&nbsp;{:.3f}", p_value);
}

std::string legend(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string out = "<ul class=\"legend\">";
  for (const auto& [name, colour] : entries)
    out += "<li><span class=\"swatch " + colour + "\"></span>" + escape_html(name) + "</li>";
  return out + "</ul>";
}

std::string section(const std::string& heading, const std::string& hint, const std::string& body) {
  return "<section><h2>" + heading + "</h2><p class=\"hint\">" + hint + "</p>" + body +
         "</section>\n";
}

std::string card(const std::string& heading, const std::string& body) {
  const std::string title = heading.empty() ? "" : "<h3>" + escape_html(heading) + "</h3>";
  return "<div class=\"card\">" + title + body + "</div>";
}

std::string render_report(const ReportData& data) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<title>" +
      escape_html(data.recipe) + " - amalgam</title><style>" + std::string(kReportStyle) +
      "</style></head><body><main>\n" + header(data);
  for (const auto part :
       {headline_section, table_section, accuracy_section, sweep_section, pairs_section,
        training_section, logprobs_section, samples_section, provenance_section})
    out += part(data);
  return out +
         "<footer>Made by amalgam. This page needs nothing but "
         "itself.</footer></main></body></html>\n";
}

}  // namespace amalgam
