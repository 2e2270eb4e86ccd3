// The output folder of a training run: what makes it resumable, and recognisable when it is
// finished.
//
//   OUT/training.json    settings, identity of model and data, "finished"
//   OUT/metrics.jsonl    one row a step
//   OUT/examples.jsonl   one row an example and step, if asked for
//   OUT/checkpoint/      state.safetensors, while the run is unfinished
//   OUT/config.json ...  the Hugging Face folder, once it is finished
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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

  /// Reads the checkpoint, if there is one, into `state` and cuts the logs back to it. Returns the
  /// steps done.
  int64_t restore(const std::vector<NamedTensor>& state);
  /// Writes a checkpoint in place of the last one, atomically.
  void save(std::vector<NamedTensor> state, int64_t steps);
  /// Appends a row to metrics.jsonl.
  void write_metrics(const Json& row);
  /// Appends rows to examples.jsonl.
  void write_examples(const std::vector<Json>& rows);
  /// Marks the run as finished (its weights are in place) and removes the checkpoint.
  void finish();

  const fs::path& path() const { return output_; }

 private:
  /// A file of rows whose size a checkpoint remembers.
  struct Log {
    const char* name;
    std::unique_ptr<JsonlWriter> writer;
  };
  JsonlWriter& writer(Log& log);
  fs::path file_of(const Log& log) const { return output_ / (std::string(log.name) + ".jsonl"); }
  fs::path state_file() const { return output_ / "checkpoint" / "state.safetensors"; }
  void write_identity() const;

  fs::path output_;
  Json identity_;
  bool finished_ = false;
  Log metrics_{"metrics", nullptr}, examples_{"examples", nullptr};
};

}  // namespace amalgam
