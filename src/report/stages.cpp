// Sections that show how the run got there: whose answers were chosen, training, log-probabilities,
// pairs, time.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/progress.h"
#include "report/sections.h"
#include "report/svg.h"

namespace amalgam {
namespace {

bool is_known(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The lines of one metric, one a stage.
std::vector<Line> lines_of(const ReportData& data, const std::string& metric) {
  std::vector<Line> lines;
  for (const ReportSeries& series : data.series)
    if (series.metric == metric && !series.points.empty())
      lines.push_back({series.stage, colour_of(data, series.stage), series.points});
  return lines;
}

std::string line_card(const std::vector<Line>& lines, const std::string& heading) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (const Line& line : lines) entries.emplace_back(line.name, line.colour);
  return card(heading, legend(entries) + line_chart(lines, "optimiser step", heading));
}

/// The value below which a share `p` of the (sorted) values lies.
double quantile(const std::vector<double>& sorted, double p) {
  return sorted[static_cast<size_t>(p * static_cast<double>(sorted.size() - 1))];
}

std::string count_card(const std::string& heading, const std::vector<ReportCount>& counts,
                       const std::string& colour) {
  if (counts.empty()) return "";
  std::vector<Bar> bars;
  for (const ReportCount& count : counts)
    bars.push_back({count.what,
                    colour,
                    static_cast<double>(count.count),
                    {},
                    with_thousands(count.count),
                    {},
                    false});
  return card(heading, horizontal_bars(bars, 0, heading));
}

std::string shares_card(const ReportData& data) {
  if (data.shares.empty()) return "";
  std::vector<std::string> domains = {""}, sources;
  for (const ReportShare& share : data.shares) {
    if (!is_known(domains, share.domain)) domains.push_back(share.domain);
    if (!is_known(sources, share.source)) sources.push_back(share.source);
  }
  std::vector<std::pair<std::string, std::string>> entries;
  for (const std::string& source : sources) entries.emplace_back(source, colour_of(data, source));
  std::vector<StackedBar> rows;
  for (const std::string& domain : domains) {
    StackedBar row{domain.empty() ? "all" : domain, {}};
    for (const std::string& source : sources) {
      int64_t count = 0;
      for (const ReportShare& share : data.shares)
        if (share.source == source && (domain.empty() || share.domain == domain))
          count += share.count;
      Bar part{source, colour_of(data, source), static_cast<double>(count), {}, {}, {}, false};
      part.tooltip = fmt::format("{}: {} of y_ws ({})", source, with_thousands(count), row.label);
      row.parts.push_back(part);
    }
    rows.push_back(row);
  }
  return card("Whose answer was best (share of each source in y_ws)",
              legend(entries) + stacked_bars(rows, "Share of each source in y_ws"));
}

const char* colour_of_kind(const std::string& response) {
  if (response == "y_ws") return "source0";
  if (response == "y_ls") return "source1";
  return response == "y_wt" ? "fused" : "target";
}

}  // namespace

std::string training_section(const ReportData& data) {
  const struct {
    const char *metric, *heading;
  } plots[] = {{"rewards/margins", "Reward margin (winners over loser)"},
               {"rewards/accuracies", "Pairs ranked right"}};
  std::string cards;
  for (const auto& plot : plots) {
    const auto lines = lines_of(data, plot.metric);
    if (!lines.empty()) cards += line_card(lines, plot.heading);
  }
  // The losses of SFT and of preference objectives have nothing in common: a plot each.
  std::vector<Line> preference, supervised;
  const auto has_margins = lines_of(data, "rewards/margins");
  for (const Line& line : lines_of(data, "loss")) {
    const bool prefers = std::any_of(has_margins.begin(), has_margins.end(),
                                     [&](const Line& each) { return each.name == line.name; });
    (prefers ? preference : supervised).push_back(line);
  }
  if (!preference.empty()) cards += line_card(preference, "Preference loss");
  if (!supervised.empty()) cards += line_card(supervised, "SFT loss (nats per token)");
  if (cards.empty()) return "";
  return section(
      "Training",
      "Rewards are &beta; times the log-ratio to the reference. Pale: every step; strong: "
      "moving average.",
      "<div class=\"grid wide\">" + cards + "</div>");
}

std::string logprobs_section(const ReportData& data) {
  std::vector<double> all;
  std::vector<std::string> models;
  for (const ReportLogprobs& each : data.logprobs) {
    for (const double value : each.values)
      if (std::isfinite(value)) all.push_back(value);
    if (!is_known(models, each.model)) models.push_back(each.model);
  }
  if (all.empty()) return "";
  std::sort(all.begin(), all.end());
  const double low = quantile(all, 0.01), high = std::max(quantile(all, 1), low + 1e-6);
  double top = 0;
  for (const ReportLogprobs& each : data.logprobs)
    top = std::max(top, highest_bin(each.values, low, high));
  std::string cards;
  for (const std::string& model : models) {
    std::vector<Distribution> distributions;
    for (const ReportLogprobs& each : data.logprobs)
      if (each.model == model)
        distributions.push_back({each.response, colour_of_kind(each.response), each.values});
    const std::string heading = "Under " + model;
    cards += card(heading, histogram(distributions, low, high, top,
                                     "mean log-probability per token", heading));
  }
  return section(
      "How likely the target finds the answers",
      "Mean log-probability per token of the preferred answers (y<sub>ws</sub> from the sources, "
      "y<sub>wt</sub> the target&rsquo;s own) and of the rejected ones (y<sub>ls</sub>, "
      "y<sub>l</sub>), as in Figure 1 of the WRPO paper; the share of responses on the vertical "
      "axis, the lowest percent in the first bin.",
      "<div class=\"grid wide\">" + cards + "</div>");
}

std::string pairs_section(const ReportData& data) {
  std::string cards = shares_card(data);
  if (!data.rewards.empty()) {
    std::vector<Bar> bars;
    for (const ReportReward& reward : data.rewards)
      bars.push_back({reward.kind,
                      "source0",
                      std::max(reward.mean, 0.0),
                      {},
                      fmt::format("{:.3f}", reward.mean),
                      fmt::format("{}: mean {:.4f} of {} responses", reward.kind, reward.mean,
                                  with_thousands(reward.n)),
                      false});
    cards += card("Mean reward by kind of response", horizontal_bars(bars, 0, "Mean reward"));
  }
  cards += count_card("Kept", data.kept, "source1");
  cards += count_card("Dropped, and why", data.dropped, "target");
  if (cards.empty()) return "";
  return section(
      "Preference data",
      "y<sub>ws</sub>: the best response over all sources; y<sub>wt</sub>, y<sub>l</sub>: the "
      "best and the worst of the target&rsquo;s own.",
      "<div class=\"grid wide\">" + cards + "</div>");
}

std::string provenance_section(const ReportData& data) {
  std::string cards, recipe;
  if (!data.timings.empty()) {
    std::vector<Bar> bars;
    double total = 0;
    for (const ReportTiming& timing : data.timings) {
      Bar bar{timing.stage, "stage0", timing.seconds, {}, format_duration(timing.seconds),
              {},           false};
      bar.tooltip =
          timing.stage + ": " + bar.text + (timing.note.empty() ? "" : ", " + timing.note);
      bars.push_back(bar);
      total += timing.seconds;
    }
    cards += card("Wall time, " + format_duration(total) + " in all",
                  horizontal_bars(bars, 0, "Wall time by stage"));
  }
  if (!data.manifest.empty()) {
    std::string rows;
    for (const auto& [name, value] : data.manifest)
      rows += "<tr><td>" + escape_html(name) + "</td><td>" + escape_html(value) + "</td></tr>";
    cards += card("Made with", "<table class=\"plain\">" + rows + "</table>");
  }
  if (!data.recipe_yaml.empty())
    recipe = "<details><summary>The recipe, resolved</summary><pre>" +
             escape_html(data.recipe_yaml) + "</pre></details>";
  if (cards.empty() && recipe.empty()) return "";
  return section("Time and provenance", "What it took, and what made these numbers.",
                 "<div class=\"grid wide\">" + cards + "</div>" + recipe);
}

}  // namespace amalgam
