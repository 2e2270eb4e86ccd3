// What exists already comes into a run.
#pragma once

#include "core/files.h"
#include "data/store.h"

namespace amalgam {

/// Puts the responses of a file, and the scores in its rows, into the store. An unknown prompt is a
/// usage error that names the line.
void import_responses(RunStore& store, const fs::path& file);

}  // namespace amalgam
