#include "models/rope.h"

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"

namespace amalgam {
namespace {

struct Scaling {
  const char* name;
  const char* config;
  double magnitude;
  std::vector<double> frequencies;
};

// Numbers of transformers 5.23 (modeling_rope_utils) for head size 16.
const Scaling kScalings[] = {
    {"default, no keys",
     R"({})",
     1,
     {1, 0.316227766, 0.1, 0.0316227766, 0.01, 0.00316227766, 0.001, 0.000316227766}},
    {"linear, old keys",
     R"({"rope_theta": 10000, "rope_scaling": {"type": "linear", "factor": 4.0}})",
     1,
     {0.25, 0.079056941, 0.0250000004, 0.00790569466, 0.00249999994, 0.000790569466, 0.000250000012,
      7.90569466e-05}},
    {"llama3, old keys",
     R"({"rope_theta": 500000.0, "rope_scaling": {"rope_type": "llama3", "factor": 8.0,
         "low_freq_factor": 1.0, "high_freq_factor": 4.0,
         "original_max_position_embeddings": 64}})",
     1,
     {1, 0.079403013, 0.00470075384, 0.000911583134, 0.000176776681, 3.42810235e-05, 6.64786967e-06,
      1.28917316e-06}},
    {"llama3, transformers 5 keys",
     R"({"rope_parameters": {"rope_theta": 500000.0, "rope_type": "llama3", "factor": 8.0,
         "low_freq_factor": 1.0, "high_freq_factor": 4.0,
         "original_max_position_embeddings": 64}})",
     1,
     {1, 0.079403013, 0.00470075384, 0.000911583134, 0.000176776681, 3.42810235e-05, 6.64786967e-06,
      1.28917316e-06}},
    {"yarn as Qwen2.5 documents it",
     R"({"rope_theta": 1000000.0, "max_position_embeddings": 131072, "rope_scaling": {
         "type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}})",
     1.13862944,
     {1, 0.177827939, 0.0316227786, 0.00421755994, 0.000500000024, 4.44569851e-05, 7.90569356e-06,
      1.40585337e-06}},
    {"yarn with two mscales",
     R"({"rope_theta": 10000, "max_position_embeddings": 2560, "rope_scaling": {
         "type": "yarn", "factor": 40, "original_max_position_embeddings": 64, "beta_fast": 32,
         "beta_slow": 1, "mscale": 0.707, "mscale_all_dim": 1.0}})",
     0.921042355,
     {1, 0.213453725, 0.0349999964, 0.000790569466, 0.000250000012, 7.90569466e-05, 2.49999994e-05,
      7.90569447e-06}},
    {"yarn, borders not rounded",
     R"({"rope_theta": 10000, "max_position_embeddings": 2560, "rope_scaling": {
         "type": "yarn", "factor": 40, "original_max_position_embeddings": 4096, "beta_fast": 16,
         "beta_slow": 2, "attention_factor": 0.75, "truncate": false}})",
     0.75,
     {1, 0.316227764, 0.100000001, 0.0316227786, 0.00579010462, 0.000123952457, 2.49999994e-05,
      7.90569447e-06}},
};

TEST(Rope, FrequenciesOfEveryScaling) {
  for (const Scaling& scaling : kScalings) {
    const Rope rope(Json::parse(scaling.config), 16, at::kCPU);
    EXPECT_NEAR(rope.magnitude(), scaling.magnitude, 1e-8) << scaling.name;
    ASSERT_EQ(rope.inverse_frequencies().numel(), 8);
    for (int64_t i = 0; i < 8; ++i)
      EXPECT_NEAR(rope.inverse_frequencies()[i].item<double>() / scaling.frequencies[i], 1, 4e-7)
          << scaling.name << " " << i;
  }
}

TEST(Rope, TablesAreCosineAndSineOfPositionTimesFrequency) {
  const Rope rope(Json::parse(kScalings[5].config), 16, at::kCPU);
  const RopeTables tables = rope.tables(at::tensor({0, 3, 100}, at::kLong));
  EXPECT_EQ(tables.cos.sizes(), at::IntArrayRef({3, 8}));
  EXPECT_NEAR(tables.cos[0][5].item<double>(), 0.921042355, 1e-6);
  EXPECT_NEAR(tables.sin[1][1].item<double>(), 0.921042355 * std::sin(3 * 0.213453725), 1e-6);
  EXPECT_NEAR(tables.cos[2][2].item<double>(), 0.921042355 * std::cos(100 * 0.0349999964), 1e-6);
}

TEST(Rope, RefusesWhatItCannotDo) {
  const auto error_of = [](const char* config) -> std::string {
    try {
      const Rope rope(Json::parse(config), 16, at::kCPU);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(error_of(R"({"rope_scaling": {"type": "longrope"}})"),
            "config.json: rope type \"longrope\" is not supported; supported are default, linear, "
            "llama3, yarn");
  EXPECT_EQ(error_of(R"({"rope_scaling": {"type": "linear"}})"),
            "config.json: \"factor\" is missing");
  EXPECT_EQ(error_of(R"({"rope_scaling": "linear"})"),
            "config.json: \"rope_scaling\" is not an object");
  EXPECT_NE(error_of(R"({"rope_parameters": {"partial_rotary_factor": 0.5}})"), "");
}

}  // namespace
}  // namespace amalgam
