#include "train/run_folder.h"

#include <c10/core/GradMode.h>

#include <utility>

#include "core/error.h"
#include "core/log.h"

namespace amalgam {
namespace {

/// Throws unless both runs are the same; names the first setting that differs.
void check_same(const Json& there, const Json& here, const fs::path& output) {
  const auto advice = "choose another output, or remove it";
  const Json settings_there = there.value("settings", Json::object());
  for (const auto& [key, value] : here.at("settings").items()) {
    const auto found = settings_there.find(key);
    const Json other = found == settings_there.end() ? Json() : *found;
    if (other != value)
      fail_usage("{}: holds a run with {} {}, here it is {}; {}", output.string(), key,
                 to_line(other), to_line(value), advice);
  }
  for (const char* key : {"model", "data"})
    if (there.value(key, "") != here.at(key))
      fail_usage("{}: holds a run on another {}; {}", output.string(), key, advice);
}

}  // namespace

RunFolder::RunFolder(fs::path output, Json identity)
    : output_(std::move(output)), identity_(std::move(identity)) {
  const fs::path file = output_ / "training.json";
  if (fs::exists(file)) {
    const Json there = parse_json(read_file(file), file.string());
    check_same(there, identity_, output_);
    finished_ = there.value("finished", false);
    return;
  }
  if (fs::exists(output_) && !fs::is_directory(output_))
    fail_usage("{}: is a file; give a folder to write to", output_.string());
  std::error_code error;
  fs::create_directories(output_, error);
  if (error) fail_usage("{}: cannot create ({})", output_.string(), error.message());
  for (const auto& entry : fs::directory_iterator(output_))
    if (entry.path().filename() != "checkpoint")  // where callers keep what an unfinished run needs
      fail_usage("{}: is not empty and holds no training run; choose another output",
                 output_.string());
  write_identity();
}

void RunFolder::write_identity() const {
  Json content = identity_;
  content["finished"] = finished_;
  write_file_atomically(output_ / "training.json", content.dump(2) + "\n");
}

int64_t RunFolder::restore(const std::vector<NamedTensor>& state) {
  const c10::AutoGradMode no_grad(false);
  int64_t steps = 0;
  uintmax_t metrics_size = 0;
  if (fs::exists(state_file())) {
    const SafetensorsFile file(state_file());
    steps = std::stoll(file.metadata().at("steps"));
    metrics_size = std::stoull(file.metadata().at("metrics_size"));
    for (const NamedTensor& item : state) {
      const SafetensorsFile::Entry* entry = file.find(item.name);
      if (entry == nullptr || entry->shape != item.tensor.sizes().vec())
        fail("{}: does not fit the model ({})", state_file().string(), item.name);
      item.tensor.copy_(file.tensor(*entry));
    }
  }
  if (fs::exists(metrics_file())) {
    if (fs::file_size(metrics_file()) < metrics_size)
      fail("{}: rows are missing; remove {} and start again", metrics_file().string(),
           output_.string());
    fs::resize_file(metrics_file(), metrics_size);
  }
  metrics_ = std::make_unique<JsonlWriter>(metrics_file(), JsonlWriter::Mode::kAppend);
  return steps;
}

void RunFolder::save(std::vector<NamedTensor> state, int64_t steps) {
  metrics_->flush();
  sync_path(metrics_file());
  fs::create_directories(output_ / "checkpoint");
  write_safetensors(state_file(), std::move(state), at::ScalarType::Undefined,
                    {{"steps", std::to_string(steps)},
                     {"metrics_size", std::to_string(fs::file_size(metrics_file()))}});
}

void RunFolder::write_metrics(const Json& row) {
  metrics_->write(row);
  metrics_->flush();
}

void RunFolder::finish() {
  metrics_->close();
  sync_path(output_);
  finished_ = true;
  write_identity();
  fs::remove_all(output_ / "checkpoint");
}

}  // namespace amalgam
