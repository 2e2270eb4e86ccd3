// d head size. Tables are fp32 throughout, as in the code the models were trained with.
#include "models/rope.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/where.h>

#include <cmath>
#include <numbers>

#include "core/error.h"

namespace amalgam {
namespace {

constexpr const char* kWhere = "config.json";

/// The object that holds rope_type and its numbers; empty where positions are not scaled.
Json scaling_of(const Json& config) {
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    const Json value = optional_or<Json>(config, key, Json(), kWhere);
    if (value.is_null()) continue;
    if (!value.is_object()) fail_usage("{}: \"{}\" is not an object", kWhere, key);
    return value;
  }
  return Json::object();
}

/// 1 / base^(2i/d), i = 0 ... d/2 - 1.
at::Tensor default_frequencies(double base, int64_t head_dim) {
  const at::Tensor exponent = at::arange(0, head_dim, 2, at::kFloat) / head_dim;
  return at::pow(base, exponent).reciprocal();
}

/// Llama 3.1 (arXiv 2407.21783, section 3.4.1): long waves are divided by the factor, short ones
/// kept, those between interpolated.
at::Tensor llama3_frequencies(const at::Tensor& frequencies, const Json& scaling) {
  const auto factor = require<double>(scaling, "factor", kWhere);
  const auto low = require<double>(scaling, "low_freq_factor", kWhere);
  const auto high = require<double>(scaling, "high_freq_factor", kWhere);
  const auto original = require<double>(scaling, "original_max_position_embeddings", kWhere);
  const at::Tensor wavelength = 2 * std::numbers::pi * frequencies.reciprocal();
  const at::Tensor smooth =
      at::clamp((original * wavelength.reciprocal() - low) / (high - low), 0, 1);
  return (1 - smooth) * frequencies / factor + smooth * frequencies;
}

struct Yarn {
  at::Tensor frequencies;
  double magnitude;
};

/// YaRN (arXiv 2309.00071): section 3.2 (NTK by parts) and 3.4 (attention temperature).
Yarn yarn(const at::Tensor& frequencies, const Json& scaling, const Json& config, double base,
          int64_t head_dim) {
  const auto number = [&](const char* key, double fallback) {
    return optional_or<double>(scaling, key, fallback, kWhere);
  };
  const double longest = require<double>(config, "max_position_embeddings", kWhere);
  const double original = number("original_max_position_embeddings", longest);
  const double factor = number("factor", longest / original);
  // The dimension whose wave turns `rotations` times within the original context.
  const auto dimension = [&](double rotations) {
    return head_dim * std::log(original / (rotations * 2 * std::numbers::pi)) /
           (2 * std::log(base));
  };
  double first = dimension(number("beta_fast", 32)), last = dimension(number("beta_slow", 1));
  if (optional_or<bool>(scaling, "truncate", true, kWhere)) {
    first = std::floor(first);
    last = std::ceil(last);
  }
  first = std::max(first, 0.0);
  last = std::min(last, head_dim - 1.0);
  if (first == last) last += 0.001;
  const at::Tensor ramp =
      at::clamp((at::arange(head_dim / 2, at::kFloat) - first) / (last - first), 0, 1);

  const auto temperature = [&](double scale) {
    return factor <= 1 ? 1.0 : 0.1 * scale * std::log(factor) + 1.0;
  };
  const double mscale = number("mscale", 0), mscale_all = number("mscale_all_dim", 0);
  const double magnitude = mscale != 0 && mscale_all != 0
                               ? temperature(mscale) / temperature(mscale_all)
                               : temperature(1);
  return {frequencies / factor * ramp + frequencies * (1 - ramp),
          number("attention_factor", magnitude)};
}

}  // namespace

Rope::Rope(const Json& config, int64_t head_dim, at::Device device) {
  const Json scaling = scaling_of(config);
  const auto base = optional_or<double>(
      scaling, "rope_theta", optional_or<double>(config, "rope_theta", 10000.0, kWhere), kWhere);
  const auto type = optional_or<std::string>(
      scaling, "rope_type", optional_or<std::string>(scaling, "type", "default", kWhere), kWhere);
  if (optional_or<double>(scaling, "partial_rotary_factor", 1.0, kWhere) != 1.0)
    fail_usage("{}: \"partial_rotary_factor\" is not supported for this architecture", kWhere);
  at::Tensor frequencies = default_frequencies(base, head_dim);
  if (type == "linear") {
    frequencies = frequencies / require<double>(scaling, "factor", kWhere);
  } else if (type == "llama3") {
    frequencies = llama3_frequencies(frequencies, scaling);
  } else if (type == "yarn") {
    const Yarn scaled = yarn(frequencies, scaling, config, base, head_dim);
    frequencies = scaled.frequencies;
    magnitude_ = scaled.magnitude;
  } else if (type != "default") {
    fail_usage("{}: rope type \"{}\" is not supported; supported are default, linear, llama3, yarn",
               kWhere, type);
  }
  inverse_frequencies_ = frequencies.to(device);
}

RopeTables Rope::tables(const at::Tensor& positions) const {
  const at::Tensor angles = positions.to(at::kFloat).unsqueeze(1) * inverse_frequencies_;
  return {angles.cos() * magnitude_, angles.sin() * magnitude_};
}

}  // namespace amalgam
