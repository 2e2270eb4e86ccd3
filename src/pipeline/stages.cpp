#include "pipeline/stages.h"

namespace amalgam {

const std::vector<Stage>& stages() {
  static const std::vector<Stage> list = {
      {"import", "Reads the prompts and splits them into SFT and preference.", import_prompts},
      {"sample-sources", "Samples the sources.", sample_sources},
      {"score-sources", "Scores the sources' answers.", score_responses},
      {"pair-sft", "Chooses the answers Target-SFT learns from.", pair_for_sft},
      {"sft", "Trains Target-SFT.", train_target_sft},
      {"sample-target", "Samples Target-SFT on the preference prompts.", sample_target},
      {"score-target", "Scores Target-SFT's answers.", score_responses},
      {"pair-prefer", "Builds the preference tuples.", pair_for_preference},
      {"prefer", "Trains the preference runs.", train_preference},
      {"evaluate", "Measures all systems on the held-out prompts.", evaluate_systems},
      {"logps", "Measures log-probabilities of winners and losers by stage.", measure_logps},
      {"report", "Writes report.html.", write_report},
  };
  return list;
}

}  // namespace amalgam
