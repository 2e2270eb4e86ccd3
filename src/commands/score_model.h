// amalgam score --model: what a reward model makes of the rows of a file.
#pragma once

#include <string>

#include "core/files.h"

namespace amalgam {

struct ScoreModelCall {
  fs::path model, input, output;
  fs::path metrics;  // empty: none
  std::string dtype, device;
  int64_t batch_tokens;
};
void score_with_model(const ScoreModelCall& call);

}  // namespace amalgam
