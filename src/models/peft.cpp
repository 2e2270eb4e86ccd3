#include "models/peft.h"

#include <ATen/ops/mm.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <map>

#include "core/error.h"
#include "tensor/safetensors.h"

namespace amalgam {
namespace {

constexpr const char* kConfig = "adapter_config.json";
constexpr const char* kWeights = "adapter_model.safetensors";
constexpr std::string_view kPrefix = "base_model.model.";
constexpr std::string_view kA = ".lora_A.weight", kB = ".lora_B.weight";

/// Settings that would change what an adapter means, and the value that leaves it as it is.
const std::vector<std::pair<const char*, Json>>& plain_settings() {
  static const std::vector<std::pair<const char*, Json>> list = {
      {"bias", "none"},
      {"fan_in_fan_out", false},
      {"use_dora", false},
      {"rank_pattern", Json::object()},
      {"alpha_pattern", Json::object()},
      {"modules_to_save", Json()},
  };
  return list;
}

}  // namespace

double Adapter::scale() const {
  const auto r = static_cast<double>(rank);
  return alpha / (rslora ? std::sqrt(r) : r);
}

Adapter load_adapter(const fs::path& folder) {
  const fs::path file = folder / kConfig;
  const std::string where = file.string();
  if (!fs::exists(file)) fail_usage("{}: missing; give a folder that PEFT or amalgam wrote", where);
  const Json config = parse_json(read_file(file), where);
  if (const auto type = require<std::string>(config, "peft_type", where); type != "LORA")
    fail_usage("{}: \"peft_type\" is {}; supported is LORA", where, type);
  for (const auto& [key, value] : plain_settings())
    if (config.contains(key) && !config[key].is_null() && config[key] != value)
      fail_usage("{}: \"{}\" is {}; supported is {}", where, key, to_line(config[key]),
                 to_line(value));
  Adapter adapter;
  adapter.rank = require<int64_t>(config, "r", where);
  adapter.alpha = require<double>(config, "lora_alpha", where);
  adapter.rslora = optional_or<bool>(config, "use_rslora", false, where);
  adapter.dropout = optional_or<double>(config, "lora_dropout", 0, where);
  adapter.base = optional_or<std::string>(config, "base_model_name_or_path", "", where);

  const SafetensorsFile stored(folder / kWeights);
  std::map<std::string, AdapterTerm> terms;
  for (const auto& entry : stored.entries()) {
    std::string_view name = entry.name;
    const bool is_a = name.ends_with(kA);
    if (!name.starts_with(kPrefix) || !(is_a || name.ends_with(kB)))
      fail_usage("{}: tensor {} is none of LoRA's", stored.path().string(), entry.name);
    name.remove_prefix(kPrefix.size());
    name.remove_suffix(kA.size());
    AdapterTerm& term = terms[std::string(name)];
    term.name = name;
    (is_a ? term.a : term.b) = stored.tensor(entry).to(at::kFloat).clone();
  }
  for (auto& [name, term] : terms) {
    if (!term.a.defined() || !term.b.defined() || term.a.size(0) != adapter.rank ||
        term.b.size(1) != adapter.rank)
      fail_usage("{}: {} has not both parts of rank {}", stored.path().string(), name,
                 adapter.rank);
    adapter.terms.push_back(std::move(term));
  }
  return adapter;
}

void save_adapter(const Adapter& adapter, const fs::path& folder) {
  fs::create_directories(folder);
  std::vector<NamedTensor> tensors;
  for (const AdapterTerm& term : adapter.terms) {
    tensors.push_back({fmt::format("{}{}{}", kPrefix, term.name, kA), term.a.detach()});
    tensors.push_back({fmt::format("{}{}{}", kPrefix, term.name, kB), term.b.detach()});
  }
  write_safetensors(folder / kWeights, std::move(tensors), at::kFloat);
  Json config = {{"peft_type", "LORA"},
                 {"task_type", "CAUSAL_LM"},
                 {"base_model_name_or_path", adapter.base},
                 {"r", adapter.rank},
                 {"lora_alpha", adapter.alpha},
                 {"lora_dropout", adapter.dropout},
                 {"use_rslora", adapter.rslora},
                 {"target_modules", adapter.targets},
                 {"inference_mode", true},
                 {"init_lora_weights", true}};
  if (std::nearbyint(adapter.alpha) == adapter.alpha)  // PEFT's own is an integer
    config["lora_alpha"] = static_cast<int64_t>(adapter.alpha);
  for (const auto& [key, value] : plain_settings()) config[key] = value;
  write_file_atomically(folder / kConfig, config.dump(2) + "\n");
}

void merge_adapter(const Adapter& adapter, Model& model) {
  const c10::AutoGradMode no_grad(false);
  std::map<std::string, at::Tensor> weights;
  for (const NamedWeight& weight : model.weights().named()) weights[weight.name] = weight.view;
  for (const AdapterTerm& term : adapter.terms) {
    const auto found = weights.find(term.name + ".weight");
    if (found == weights.end()) fail_usage("the adapter's {} is not in the model", term.name);
    at::Tensor weight = found->second;
    if (weight.size(0) != term.b.size(0) || weight.size(1) != term.a.size(1))
      fail_usage("the adapter's {} is {} x {}, the model's {} x {}", term.name, term.b.size(0),
                 term.a.size(1), weight.size(0), weight.size(1));
    const at::Tensor change =
        at::mm(term.b.to(weight.device(), at::kFloat), term.a.to(weight.device(), at::kFloat));
    weight.copy_(weight.to(at::kFloat).add(change, adapter.scale()));
  }
}

}  // namespace amalgam
