#include "models/stored_weights.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>

#include "support.h"

namespace amalgam {
namespace {

std::vector<NamedTensor> three_tensors() {
  const at::Tensor values = at::arange(30, at::kFloat);
  return {{"z.weight", values.slice(0, 0, 10)},
          {"a.weight", values.slice(0, 10, 20).view({2, 5})},
          {"m.weight", values.slice(0, 20, 30)}};
}

TEST(StoredWeights, OneFileUpToTheLimit) {
  const TemporaryFolder folder;
  write_weights(folder.path(), three_tensors(), at::kFloat, 120);
  EXPECT_TRUE(fs::exists(folder.path() / "model.safetensors"));
  EXPECT_FALSE(fs::exists(folder.path() / "model.safetensors.index.json"));
  EXPECT_TRUE(at::equal(StoredWeights(folder.path()).tensor("a.weight", {2, 5}),
                        three_tensors()[1].tensor));
}

// The layout of transformers' save_pretrained: shards filled in order, an index with the total
// size.
TEST(StoredWeights, ShardsAboveTheLimit) {
  const TemporaryFolder folder;
  write_weights(folder.path(), three_tensors(), at::kFloat, 119);
  const Json index = parse_json(read_file(folder.path() / "model.safetensors.index.json"), "index");
  EXPECT_EQ(index, Json::parse(R"({"metadata": {"total_size": 120}, "weight_map": {
      "a.weight": "model-00001-of-00002.safetensors",
      "m.weight": "model-00002-of-00002.safetensors",
      "z.weight": "model-00001-of-00002.safetensors"}})"));
  EXPECT_FALSE(fs::exists(folder.path() / "model.safetensors"));
  const StoredWeights stored(folder.path());
  for (const NamedTensor& item : three_tensors())
    EXPECT_TRUE(at::equal(stored.tensor(item.name, item.tensor.sizes()), item.tensor));
  EXPECT_EQ(stored.names(), (std::vector<std::string>{"a.weight", "m.weight", "z.weight"}));
}

TEST(StoredWeights, ATensorAboveTheLimitHasAShardOfItsOwn) {
  const TemporaryFolder folder;
  write_weights(folder.path(), three_tensors(), at::kFloat, 8);
  EXPECT_TRUE(fs::exists(folder.path() / "model-00003-of-00003.safetensors"));
}

TEST(StoredWeights, ErrorsNameFileAndTensor) {
  const TemporaryFolder folder;
  write_weights(folder.path(), three_tensors(), at::kFloat, 60);
  const StoredWeights stored(folder.path());
  EXPECT_EQ(
      failure([&] { stored.tensor("q.weight", {1}); }),
      (folder.path() / "model.safetensors.index.json").string() + ": tensor q.weight is missing");
  EXPECT_EQ(failure([&] {
              stored.tensor("a.weight", {5, 2});
            }),
            (folder.path() / "model-00002-of-00003.safetensors").string() +
                ": tensor a.weight has shape [2, 5], config.json asks for [5, 2]");
}

TEST(StoredWeights, ACutShardIsNamed) {
  const TemporaryFolder folder;
  write_weights(folder.path(), three_tensors(), at::kFloat, 60);
  const fs::path shard = folder.path() / "model-00002-of-00003.safetensors";
  fs::resize_file(shard, fs::file_size(shard) - 1);
  const std::string message = failure([&] { StoredWeights{folder.path()}; });
  EXPECT_TRUE(message.starts_with(shard.string() + ": tensor a.weight ends at byte 40")) << message;
}

struct BrokenIndex {
  const char* index;
  const char* message;
};

TEST(StoredWeights, RefusesBrokenIndexes) {
  const BrokenIndex cases[] = {
      {"{", "not valid JSON"},
      {"{}", "\"weight_map\" is missing"},
      {R"({"weight_map": []})", "not an object"},
      {R"({"weight_map": {"a": 1}})", "tensor a: 1 is not the name of a file"},
      {R"({"weight_map": {"a": "../model.safetensors"}})", "is not the name of a file"},
      {R"({"weight_map": {"a": "model-1.safetensors"}})", "model-1.safetensors is missing"},
      {R"({"weight_map": {"b": "shard.safetensors"}})", "shard.safetensors: tensor b is missing"},
  };
  const TemporaryFolder folder;
  write_safetensors(folder.path() / "shard.safetensors", {{"a", at::arange(3)}});
  for (const BrokenIndex& broken : cases) {
    write_file_atomically(folder.path() / "model.safetensors.index.json", broken.index);
    const std::string message = failure([&] { StoredWeights{folder.path()}; });
    EXPECT_NE(message.find(broken.message), std::string::npos) << message;
    EXPECT_NE(message.find(folder.path().string()), std::string::npos) << message;
  }
}

TEST(StoredWeights, AFolderWithoutWeights) {
  const TemporaryFolder folder;
  write_file_atomically(folder.path() / "pytorch_model.bin", "x");
  EXPECT_NE(failure([&] {
              StoredWeights{folder.path()};
            }).find("has neither model.safetensors nor model.safetensors.index.json"),
            std::string::npos);
}

}  // namespace
}  // namespace amalgam
