// What exists already comes into a run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/files.h"
#include "data/store.h"

namespace amalgam {

/// Prompts to train on, split by `split_of`, and those that are only measured (`heldout` may be
/// empty). A prompt that is in both, or that `store` holds for the other purpose, is a usage error
/// that names file and prompt.
std::vector<Prompt> read_run_prompts(const RunStore& store, const fs::path& train,
                                     const fs::path& heldout,
                                     const std::function<Split(const std::string&)>& split_of);

/// Puts the responses of a file, and the scores in its rows, into the store. An unknown prompt is a
/// usage error that names the line.
void import_responses(RunStore& store, const fs::path& file);

}  // namespace amalgam
