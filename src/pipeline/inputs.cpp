#include "pipeline/inputs.h"

#include <algorithm>

#include "core/error.h"

namespace amalgam {
namespace {

constexpr const char* kMeta = "inputs";  // {KEY: {"path", "files": {NAME: SHA-256}}}

/// Whether a file of a model folder changes what the model says.
bool matters(const fs::path& file) {
  const std::string kind = file.extension().string();
  return kind == ".safetensors" || kind == ".json" || kind == ".jinja" || kind == ".model" ||
         kind == ".txt";
}

/// Names of the files below `path`, or of the file itself, sorted.
std::vector<std::string> files_of(const fs::path& path) {
  if (!fs::is_directory(path)) return {path.filename().string()};
  std::vector<std::string> names;
  for (const char* folder : {"", "additional_chat_templates"}) {
    if (!fs::is_directory(path / folder)) continue;
    for (const fs::directory_entry& entry : fs::directory_iterator(path / folder))
      if (entry.is_regular_file() && matters(entry.path()))
        names.push_back((fs::path(folder) / entry.path().filename()).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

fs::path place_of(const fs::path& path, const std::string& name) {
  return fs::is_directory(path) ? path / name : path;
}

Json hashes_now(RunStore& store, const fs::path& path) {
  Json hashes = Json::object();
  for (const std::string& name : files_of(path))
    hashes[name] = known_sha256(store, place_of(path, name));
  return hashes;
}

}  // namespace

std::string known_sha256(RunStore& store, const fs::path& file) {
  const std::string key = "sha256." + fs::absolute(file).string();
  const Json state = {fs::file_size(file), fs::last_write_time(file).time_since_epoch().count()};
  if (const auto known = store.meta(key); known && known->at("state") == state)
    return known->at("sha256");
  std::string hash = sha256_of_file(file);
  store.put_meta(key, {{"state", state}, {"sha256", hash}});
  return hash;
}

void note_input(RunStore& store, const std::string& key, const fs::path& path) {
  Json inputs = store.meta(kMeta).value_or(Json::object());
  if (inputs.contains(key)) return;
  inputs[key] = {{"path", path.string()}, {"files", hashes_now(store, path)}};
  store.put_meta(kMeta, inputs);
}

void check_inputs(RunStore& store) {
  const Json inputs = store.meta(kMeta).value_or(Json::object());
  for (const auto& [key, input] : inputs.items()) {
    const fs::path path = input.at("path").get<std::string>();
    if (!fs::exists(path)) continue;
    const Json now = hashes_now(store, path);
    const Json& then = input.at("files");
    const auto refuse = [&](const std::string& name, const char* what) {
      fail_usage("{}: {} since this run used it ({}); undo that, or start another run (--run)",
                 place_of(path, name).string(), what, key);
    };
    for (const auto& [name, hash] : then.items())
      if (!now.contains(name))
        refuse(name, "is gone");
      else if (now[name] != hash)
        refuse(name, "has changed");
    for (const auto& [name, hash] : now.items())
      if (!then.contains(name)) refuse(name, "was added");
  }
}

Json input_hashes(RunStore& store, const std::string& key, const fs::path& path) {
  const Json inputs = store.meta(kMeta).value_or(Json::object());
  return inputs.contains(key) ? inputs[key]["files"] : hashes_now(store, path);
}

}  // namespace amalgam
