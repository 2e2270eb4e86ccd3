// What a run was made from: prompt files, and the folders of models that are not its own. A run
// that goes on with others would mix two of them.
#pragma once

#include <string>

#include "data/store.h"

namespace amalgam {

/// SHA-256 of a file; the store remembers it until the file's size or time of change differs.
std::string known_sha256(RunStore& store, const fs::path& file);

/// Notes that the run has used `path` (a file, or a model folder) as its input `key`
/// ("prompts.train", "sources.0"), with the hashes of its files. What is noted already stays.
void note_input(RunStore& store, const std::string& key, const fs::path& path);

/// Compares what was noted with what is there. A changed file is a usage error that names key and
/// file; an input that is gone as a whole is not: who needs it will say so.
void check_inputs(RunStore& store);

/// {FILE: SHA-256} of an input as the run used it, or as it is now where it was not used yet.
Json input_hashes(RunStore& store, const std::string& key, const fs::path& path);

}  // namespace amalgam
