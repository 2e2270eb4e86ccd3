// amalgam inspect --data: what a model would be trained on.
#pragma once

#include <string>
#include <vector>

#include "core/files.h"
#include "core/json.h"
#include "train/config.h"

namespace amalgam {

/// Tokenises the training file as `amalgam prefer` with these settings does: counts of what was
/// cut, lengths, BOS and EOS, and the first `show` examples.
Json inspect_data(const fs::path& data, const fs::path& model, const TrainConfig& config,
                  int64_t show);
/// For people, on standard output: the prompt dim, what is learned green, what is avoided red.
void print_data(const Json& report);

}  // namespace amalgam
