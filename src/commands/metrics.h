// What a command can tell about its run, beside its output.
#pragma once

#include "core/files.h"

namespace amalgam {

/// Writes the object as the file of `--metrics`; nothing where the path is empty.
inline void write_metrics(const fs::path& path, const Json& metrics) {
  if (!path.empty()) write_file_atomically(path, metrics.dump(2) + "\n");
}

}  // namespace amalgam
