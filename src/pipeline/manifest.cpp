#include "pipeline/manifest.h"

#include <ATen/Parallel.h>
#include <torch/headeronly/version.h>

#include <fstream>

namespace amalgam {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

std::string hash_of(Run& run, const fs::path& file) {
  const std::string key = "sha256." + fs::absolute(file).string();
  const Json state = {fs::file_size(file), fs::last_write_time(file).time_since_epoch().count()};
  if (const auto known = run.store.meta(key); known && known->at("state") == state)
    return known->at("sha256");
  std::string hash = sha256_of_file(file);
  run.store.put_meta(key, {{"state", state}, {"sha256", hash}});
  return hash;
}

Json weight_hashes(Run& run, const fs::path& folder) {
  Json hashes = Json::object();
  if (!fs::is_directory(folder)) return hashes;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".safetensors")
      hashes[entry.path().filename().string()] = hash_of(run, entry.path());
  return hashes;
}

}  // namespace

Json manifest_of(Run& run) {
  Json models = Json::object();
  for (const std::string& system : run.systems())
    if (Json hashes = weight_hashes(run, run.model_folder(system)); !hashes.empty())
      models[system] = std::move(hashes);
  const PromptsConfig& files = run.recipe.prompts;
  Json prompts = Json::object();
  for (const auto& [key, file] : {std::pair("train", files.train),
                                  {"heldout", files.heldout},
                                  {"responses", files.responses}})
    if (!file.empty()) prompts[key] = hash_of(run, file);
  return {{"amalgam", AMALGAM_VERSION},
          {"libtorch", TORCH_VERSION},
          {"device", run.recipe.device},
          {"processor", processor_name()},
          {"threads", at::get_num_threads()},
          {"seed", run.seed()},
          {"recipe", sha256_of_file(run.folder / "recipe.resolved.yaml")},
          {"prompts", std::move(prompts)},
          {"models", std::move(models)}};
}

}  // namespace amalgam
