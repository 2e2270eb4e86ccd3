// What made a run's numbers: versions, machine, seeds, hashes of everything that went in and came
// out.
#pragma once

#include "core/json.h"
#include "pipeline/run.h"

namespace amalgam {

/// {"amalgam", "libtorch", "device", "processor", "threads", "seed", "recipe": SHA-256 of the
/// resolved recipe, "prompts": {"train", "heldout", "responses"}, "models": {NAME: {FILE:
/// SHA-256}}}. Models that are not trained yet are absent. The store remembers the hash of a file
/// until its size or time of change differs.
Json manifest_of(Run& run);

}  // namespace amalgam
