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

Json weight_hashes(const fs::path& folder) {
  Json hashes = Json::object();
  if (!fs::is_directory(folder)) return hashes;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".safetensors")
      hashes[entry.path().filename().string()] = sha256_of_file(entry.path());
  return hashes;
}

}  // namespace

Json manifest_of(const Run& run) {
  Json models = Json::object();
  for (const std::string& system : run.systems())
    if (Json hashes = weight_hashes(run.model_folder(system)); !hashes.empty())
      models[system] = std::move(hashes);
  const PromptsConfig& files = run.recipe.prompts;
  Json prompts = Json::object();
  for (const auto& [key, file] : {std::pair("train", files.train),
                                  {"heldout", files.heldout},
                                  {"responses", files.responses}})
    if (!file.empty()) prompts[key] = sha256_of_file(file);
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
