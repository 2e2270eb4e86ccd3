#include "pipeline/manifest.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include <fstream>

#include "pipeline/inputs.h"

namespace amalgam {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

/// Of the weights alone.
Json weight_hashes(Run& run, const std::string& system) {
  const fs::path folder = run.model_folder(system);
  Json hashes = Json::object();
  if (!fs::is_directory(folder)) return hashes;
  const Json all = input_hashes(run.store, run.input_key(system), folder);
  for (const auto& [name, hash] : all.items())
    if (name.ends_with(".safetensors")) hashes[name] = hash;
  return hashes;
}

}  // namespace

Json manifest_of(Run& run) {
  Json models = Json::object();
  for (const std::string& system : run.systems())
    if (Json hashes = weight_hashes(run, system); !hashes.empty())
      models[system] = std::move(hashes);
  const PromptsConfig& files = run.recipe.prompts;
  Json prompts = Json::object();
  for (const auto& [key, file] : {std::pair("train", files.train),
                                  {"heldout", files.heldout},
                                  {"responses", files.responses}})
    if (!file.empty())
      prompts[key] = input_hashes(run.store, fmt::format("prompts.{}", key), file).front();
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
