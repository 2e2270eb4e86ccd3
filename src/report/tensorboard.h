// TensorBoard event files: scalars in TFRecord framing (docs/formats.md, "tb/").
#pragma once

#include <cstdint>
#include <cstdio>
#include <string_view>

#include "core/files.h"

namespace amalgam {

/// Writes one event file. A training run has a folder; each session of it opens a file of its own,
/// whose first step replaces what earlier sessions wrote from that step on.
class TensorBoardWriter {
 public:
  /// Creates `folder` and a file events.out.tfevents.* in it.
  explicit TensorBoardWriter(const fs::path& folder);
  ~TensorBoardWriter();
  TensorBoardWriter(const TensorBoardWriter&) = delete;
  TensorBoardWriter& operator=(const TensorBoardWriter&) = delete;

  /// `wall_time` in seconds since 1970.
  void scalar(std::string_view tag, int64_t step, double value, double wall_time);
  void flush();
  const fs::path& path() const { return path_; }

 private:
  void write_record(std::string_view payload);

  fs::path path_;
  std::FILE* file_ = nullptr;
  bool started_ = false;
};

}  // namespace amalgam
