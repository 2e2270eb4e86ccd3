#include "models/layers.h"

#include <gtest/gtest.h>

#include "../support.h"
#include "core/error.h"

namespace amalgam {
namespace {

std::vector<int64_t> even_windows(const char* config) {
  return layer_windows(Json::parse(config), 4, 16, [](int64_t layer) { return layer % 2 == 0; });
}

TEST(LayerWindows, TheFamilysRuleHoldsWhereLayerTypesAreAbsent) {
  EXPECT_EQ(even_windows("{}"), (std::vector<int64_t>{16, 0, 16, 0}));
  EXPECT_EQ(even_windows(R"({"layer_types": null})"), (std::vector<int64_t>{16, 0, 16, 0}));
}

TEST(LayerWindows, LayerTypesDecide) {
  EXPECT_EQ(even_windows(R"({"layer_types": ["full_attention", "full_attention",
                             "sliding_attention", "full_attention"]})"),
            (std::vector<int64_t>{0, 0, 16, 0}));
}

TEST(LayerWindows, RefusesUnknownTypes) {
  EXPECT_TRUE(fails_with("chunked_attention", [] {
    even_windows(R"({"layer_types": ["full_attention", "chunked_attention",
                                "full_attention", "full_attention"]})");
  }));
}

TEST(DecoderConfig, SizesFollowFromWhatIsThere) {
  const Json config = Json::parse(R"({"num_hidden_layers": 2, "hidden_size": 64,
      "num_attention_heads": 4, "vocab_size": 100, "max_position_embeddings": 128,
      "intermediate_size": 96})");
  const DecoderConfig read = read_decoder_config(config, {.tied = true});
  EXPECT_EQ(read.shape.kv_heads, 4);
  EXPECT_EQ(read.shape.head_dim, 16);
  EXPECT_EQ(read.mlp_size, 96);
  EXPECT_TRUE(read.tied);
  EXPECT_EQ(read.activation, Activation::kSilu);
}

}  // namespace
}  // namespace amalgam
