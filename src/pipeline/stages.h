// The stages' functions, one file each; the list is in stages.cpp.
#pragma once

#include "pipeline/run.h"

namespace amalgam {

void import_prompts(Run& run);
/// Samples every source on all training prompts.
void sample_sources(Run& run);
/// Scores every response that has no score yet.
void score_responses(Run& run);
/// Tuples of Target-SFT.
void pair_for_sft(Run& run);
void train_target_sft(Run& run);
/// Samples Target-SFT on the preference prompts.
void sample_target(Run& run);
/// Tuples of each kind that the preference runs learn from.
void pair_for_preference(Run& run);
void train_preference(Run& run);
/// Answers of all systems to the held-out prompts, scores, accuracies, comparisons.
void evaluate_systems(Run& run);
/// Log-probabilities of winners and losers under the target before and after each stage.
void measure_logps(Run& run);
void write_report(Run& run);

/// Trains the model `start` on the tuples of `pairs` into models/NAME, unless that is done.
void train_model(Run& run, const std::string& name, const std::string& start,
                 const std::string& pairs, const TrainConfig& config);
/// Scores the responses that the filter lets through and that have no score yet.
void score_waiting(Run& run, const ResponseFilter& filter);
/// Answers of these systems to the held-out prompts, scores, results.
void measure_systems(Run& run, const std::vector<std::string>& systems);
/// Draws what is missing of `sampling.n` samples of the model `name` for each prompt.
void sample_model(Run& run, const std::string& name, const std::vector<Prompt>& prompts,
                  const SamplingConfig& sampling);

}  // namespace amalgam
