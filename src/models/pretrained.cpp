#include "models/pretrained.h"

#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <c10/core/ScalarType.h>
#include <fmt/ranges.h>

#include <set>
#include <span>

#include "core/error.h"
#include "core/log.h"
#include "core/random.h"
#include "models/stored_weights.h"

namespace amalgam {
namespace {

/// What a folder holds besides configuration and weights, for transformers and for us.
constexpr const char* kCompanions[] = {
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "tokenizer.model",
    "spiece.model",
    "spm.model",
    "chat_template.jinja",
    "chat_template.json",
    "additional_chat_templates",
};

std::vector<Token> eos_ids(const Json& config, const std::string& where) {
  const auto found = config.find("eos_token_id");
  if (found == config.end() || found->is_null()) return {};
  const Json list = found->is_array() ? *found : Json::array({*found});
  std::vector<Token> ids;
  for (const Json& id : list) {
    if (!id.is_number_integer())
      fail_usage("{}: \"eos_token_id\" is {}, expected an id or a list of ids", where,
                 to_line(*found));
    ids.push_back(id.get<Token>());
  }
  return ids;
}

Pretrained build(const fs::path& folder, const fs::path& config_file, at::ScalarType dtype,
                 at::Device device) {
  Pretrained built;
  built.folder = folder;
  built.config = read_model_config(config_file);
  built.eos_ids = stopping_ids(folder, built.config);
  built.model = with_context(config_file.parent_path().string(),
                             [&] { return make_model(built.config, dtype, device); });
  return built;
}

const char* torch_name(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return "float32";
    case at::kBFloat16:
      return "bfloat16";
    case at::kHalf:
      return "float16";
    default:
      fail("models are not saved as {}", c10::toString(dtype));
  }
}

/// Moves everything in `from` into the existing folder `to`. A folder without config.json is no
/// model, so that goes first and comes last: after a crash in between nothing can be taken for a
/// whole model.
void move_into(const fs::path& from, const fs::path& to) {
  fs::remove(to / "config.json");
  std::vector<fs::path> old_weights;
  for (const auto& entry : fs::directory_iterator(to)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("model") && name.find(".safetensors") != std::string::npos)
      old_weights.push_back(entry.path());
  }
  for (const fs::path& path : old_weights) fs::remove(path);
  for (const auto& entry : fs::directory_iterator(from)) {
    const fs::path target = to / entry.path().filename();
    if (target.filename() == "config.json") continue;
    fs::remove_all(target);
    fs::rename(entry.path(), target);
  }
  sync_path(to);
  fs::rename(from / "config.json", to / "config.json");
  sync_path(to / "config.json");
  fs::remove_all(from);
}

}  // namespace

at::ScalarType dtype_from_name(const std::string& name) {
  if (name == "fp32") return at::kFloat;
  if (name == "bf16") return at::kBFloat16;
  fail_usage("dtype {}: must be fp32 or bf16", name);
}

Json read_model_config(const fs::path& file) {
  if (!fs::exists(file)) fail_usage("{}: missing; give a Hugging Face model folder", file.string());
  Json config = parse_json(read_file(file), file.string());
  if (!config.is_object()) fail_usage("{}: is not a JSON object", file.string());
  const auto quantized = config.find("quantization_config");
  if (quantized != config.end() && !quantized->is_null())
    fail_usage(
        "{}: \"quantization_config\": quantized weights are not supported, give the model "
        "in bf16, fp16 or fp32",
        file.string());
  return config;
}

std::vector<Token> stopping_ids(const fs::path& folder, const Json& config) {
  const fs::path generation = folder / "generation_config.json";
  std::vector<Token> ids;
  if (fs::exists(generation))
    ids = eos_ids(parse_json(read_file(generation), generation.string()), generation.string());
  return ids.empty() ? eos_ids(config, (folder / "config.json").string()) : ids;
}

void load_weights(const fs::path& folder, std::initializer_list<const Weights*> weights) {
  const StoredWeights stored(folder);
  const c10::AutoGradMode no_grad(false);
  std::set<std::string> used;
  for (const Weights* each : weights) {
    for (const NamedWeight& weight : each->named()) {
      weight.view.copy_(stored.tensor(weight.name, weight.view.sizes()));
      stored.release(weight.name);  // memory holds one stored tensor at a time
      used.insert(weight.name);
    }
  }
  // A wrong architecture shows here.
  std::vector<std::string> unused;
  for (const std::string& name : stored.names())
    if (!used.contains(name)) unused.push_back(name);
  if (!unused.empty())
    warn("{}: {} stored tensors are not part of the model and were left out ({}{})",
         folder.string(), unused.size(), unused[0], unused.size() > 1 ? ", ..." : "");
}

Pretrained load_pretrained(const fs::path& folder, at::ScalarType dtype, at::Device device) {
  if (!fs::is_directory(folder)) fail_usage("{}: no such model folder", folder.string());
  Pretrained loaded = build(folder, folder / "config.json", dtype, device);
  load_weights(folder, {&loaded.model->weights()});
  return loaded;
}

Pretrained init_pretrained(const fs::path& config_file, uint64_t seed, at::ScalarType dtype) {
  Pretrained made = build(config_file.parent_path(), config_file, dtype, at::kCPU);
  const auto deviation =
      optional_or<double>(made.config, "initializer_range", 0.02, config_file.string());
  const c10::AutoGradMode no_grad(false);
  for (const NamedWeight& weight : made.model->weights().named()) {
    if (weight.initial) {
      weight.view.fill_(*weight.initial);
      continue;
    }
    // A stream of its own for each tensor: its values do not depend on what else the model has.
    RandomStream random(stable_hash({"init", std::to_string(seed), weight.name}));
    const at::Tensor values = at::empty(weight.view.sizes(), at::kFloat);
    for (float& value : std::span(values.mutable_data_ptr<float>(), values.numel()))
      value = static_cast<float>(deviation * random.normal());
    weight.view.copy_(values);
  }
  return made;
}

void save_pretrained(const Pretrained& model, const fs::path& folder, at::ScalarType dtype) {
  save_pretrained(model, *model.model, folder, dtype);
}

void save_pretrained(const Pretrained& model, const Model& weights, const fs::path& folder,
                     at::ScalarType dtype) {
  const fs::path target = fs::absolute(folder).lexically_normal();
  const fs::path whole = target.has_filename() ? target : target.parent_path();
  const fs::path staged = whole.string() + ".tmp";
  fs::remove_all(staged);
  fs::create_directories(staged);

  Json config = model.config;
  config[config.contains("dtype") ? "dtype" : "torch_dtype"] = torch_name(dtype);
  write_file_atomically(staged / "config.json", config.dump(2) + "\n");
  for (const char* name : kCompanions)
    if (fs::exists(model.folder / name))
      fs::copy(model.folder / name, staged / name, fs::copy_options::recursive);
  std::vector<NamedTensor> tensors;
  for (const NamedWeight& weight : weights.weights().named())
    tensors.push_back({weight.name, weight.view});
  write_weights(staged, tensors, dtype);

  sync_path(staged);
  if (fs::exists(whole)) {
    move_into(staged, whole);
  } else {
    fs::rename(staged, whole);
    sync_path(whole);
  }
}

std::string weights_hash(const Model& model) {
  std::string summary;
  for (const NamedWeight& weight : model.weights().named()) {
    const at::Tensor bytes = weight.view.detach().to(at::kCPU).contiguous();
    summary +=
        fmt::format("{} {} [{}] {}\n", weight.name, c10::toString(bytes.scalar_type()),
                    fmt::join(bytes.sizes(), ","),
                    sha256_hex({static_cast<const char*>(bytes.const_data_ptr()), bytes.nbytes()}));
  }
  return sha256_hex(summary);
}

}  // namespace amalgam
