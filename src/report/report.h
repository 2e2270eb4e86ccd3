// report.html: one self-contained page that shows what a run did. Every part of the input is
// optional: what is empty leaves its section out, so a run that is not finished has a report too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/records.h"
#include "report/sweep.h"

namespace amalgam {

/// A source, the target, or a checkpoint made from it, in the order of the report.
struct ReportSystem {
  enum class Kind { kSource, kTarget, kStage };
  std::string name;
  Kind kind = Kind::kSource;
  std::string sentence;  // "Qwen2, 1.6 M parameters"
};

/// System `name` against ReportData::reference on the same prompts, in fractions.
struct ReportComparison {
  std::string name, domain;  // domain "": all prompts
  double difference = 0, low = 0, high = 0, p_value = 1;
};

/// How often a source's response was y_ws.
struct ReportShare {
  std::string source, domain;
  int64_t count = 0;
};

/// One metric of one training run over its optimiser steps: "rewards/margins",
/// "rewards/accuracies", "loss" have plots.
struct ReportSeries {
  std::string stage;  // the name of the system it made
  std::string metric;
  std::vector<std::pair<double, double>> points;  // (step, value)
};

/// Mean log-probability per token of each response of one kind under one model.
struct ReportLogprobs {
  std::string model;     // "target", "target-sft": a plot each, in order of appearance
  std::string response;  // "y_ws", "y_wt"
  std::vector<double> values;
};

struct ReportCount {
  std::string what;  // "quadruples", "all of the target's samples score the same"
  int64_t count = 0;
};

struct ReportReward {
  std::string kind;  // "y_ws (best of the sources)"
  double mean = 0;
  int64_t n = 0;
};

struct ReportTiming {
  std::string stage;
  double seconds = 0;
  std::string note;  // "5,120 responses"
};

struct ReportAnswer {
  std::string system, text;
  std::optional<double> score;
  std::string verdict;  // "correct", "wrong", "undecided" or ""
};

/// A prompt with the answers of all systems.
struct ReportSample {
  std::string prompt, domain, gold;
  std::vector<ReportAnswer> answers;
};

struct ReportData {
  std::string recipe;                                      // its name
  std::string summary;                                     // a sentence on what the run does
  std::vector<std::pair<std::string, std::string>> facts;  // shown under the title: ("seed", "1")
  std::vector<std::string> notes;  // what a reader must know: unfinished stages
  std::vector<ReportSystem> systems;
  std::string fused;      // the system the run was made for; highlighted
  std::string reference;  // what comparisons are against ("target-sft")
  std::vector<Result> results;
  std::vector<ReportComparison> comparisons;
  ReportSweep sweep;
  std::vector<ReportShare> shares;
  std::vector<ReportSeries> series;
  std::vector<ReportLogprobs> logprobs;
  std::vector<ReportCount> kept, dropped;  // pairs
  std::vector<ReportReward> rewards;
  std::vector<ReportTiming> timings;
  std::vector<ReportSample> samples;
  std::vector<std::pair<std::string, std::string>> manifest;  // versions, hashes, machine
  std::string recipe_yaml;                                    // as resolved
};

/// The page. The same data give the same bytes.
std::string render_report(const ReportData& data);

}  // namespace amalgam
