// The output folder of a training run: what makes it resumable, and recognisable when it is
// finished.
//
//   OUT/training.json    settings, identity of model and data, "finished"
//   OUT/metrics.jsonl    one row a step
//   OUT/checkpoint/      state.safetensors, while the run is unfinished
//   OUT/config.json ...  the Hugging Face folder, once it is finished
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/files.h"
#include "core/json.h"
#include "tensor/safetensors.h"

namespace amalgam {

class RunFolder {
 public:
  /// Opens or creates `output` for the run that `identity` describes (an object: "settings",
  /// "model", "data"). A folder of another run, or one with other content, is a usage error that
  /// names what differs.
  RunFolder(fs::path output, Json identity);

  bool finished() const { return finished_; }

  /// Reads the checkpoint, if there is one, into `state` and cuts metrics.jsonl back to it. Returns
  /// the steps done.
  int64_t restore(const std::vector<NamedTensor>& state);
  /// Writes a checkpoint in place of the last one, atomically.
  void save(std::vector<NamedTensor> state, int64_t steps);
  /// Appends a row to metrics.jsonl.
  void write_metrics(const Json& row);
  /// Marks the run as finished (its weights are in place) and removes the checkpoint.
  void finish();

  const fs::path& path() const { return output_; }

 private:
  fs::path metrics_file() const { return output_ / "metrics.jsonl"; }
  fs::path state_file() const { return output_ / "checkpoint" / "state.safetensors"; }
  void write_identity() const;

  fs::path output_;
  Json identity_;
  bool finished_ = false;
  std::unique_ptr<JsonlWriter> metrics_;
};

}  // namespace amalgam
