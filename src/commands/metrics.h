// What a command can tell about its run, beside its output.
#pragma once

#include "core/output_file.h"

namespace amalgam {

/// Writes the object as the file of `--metrics`; nothing where the path is empty.
inline void write_metrics(const fs::path& path, const Json& metrics) {
  if (!path.empty()) write_file_atomically(path, metrics.dump(2) + "\n");
}

/// Neither the output nor the metrics may be what is read, nor each other.
inline void check_outputs(const fs::path& output, const fs::path& metrics, const fs::path& input,
                          const fs::path& model) {
  check_output(output, {input, model, metrics});
  check_output(metrics, {input, model});
}

}  // namespace amalgam
