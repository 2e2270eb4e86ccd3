// Embedding and head in one tensor or two: what is stored decides, as in transformers
// (modeling_utils.py, PreTrainedModel.tie_weights).
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros_like.h>

#include <map>

#include "models/checkpoint_summary.h"
#include "models/pretrained.h"
#include "models/stored_weights.h"
#include "support.h"

namespace amalgam {
namespace {

using Tensors = std::map<std::string, at::Tensor>;

/// A copy of a fixture whose tensors and config.json are changed.
class Changed {
 public:
  Changed(const std::string& name, const std::function<void(Tensors&, Json&)>& change) {
    fs::copy(fixture(name), path(), fs::copy_options::recursive);
    Tensors tensors;
    const StoredWeights stored(fixture(name));
    for (const std::string& tensor : stored.names())
      tensors[tensor] = stored.tensor(tensor, stored.entry(tensor).shape);
    Json config = read_model_config(path() / "config.json");
    change(tensors, config);
    std::vector<NamedTensor> named;
    for (const auto& [tensor, values] : tensors) named.push_back({tensor, values});
    fs::remove(path() / "model.safetensors.index.json");
    write_safetensors(path() / "model.safetensors", std::move(named));
    write_file_atomically(path() / "config.json", config.dump());
  }
  const fs::path& path() const { return folder_.path(); }
  Pretrained load() const { return load_pretrained(path(), at::kFloat); }

 private:
  TemporaryFolder folder_;
};

struct Family {
  const char* fixture;
  const char* embedding;
  const char* head;
  bool flagged;  // config.json says tie_word_embeddings; else the family's default does
};

class Tied : public testing::TestWithParam<Family> {
 protected:
  const std::string embedding_ = GetParam().embedding, head_ = GetParam().head;

  /// The fixture with one tensor for both.
  Changed tied(const std::function<void(Tensors&)>& change) const {
    return {GetParam().fixture, [&](Tensors& tensors, Json& config) {
              tensors.erase(head_);
              change(tensors);
              config.erase("tie_word_embeddings");
              if (GetParam().flagged) config["tie_word_embeddings"] = true;
            }};
  }
  Changed usual() const {
    return tied([](Tensors&) {});
  }
};

TEST_P(Tied, IsReadUnderTheNameOfTheHead) {
  const Changed by_head = tied([&](Tensors& tensors) {
    tensors[head_] = tensors.at(embedding_);
    tensors.erase(embedding_);
  });
  const Pretrained loaded = by_head.load(), usual_model = usual().load();
  EXPECT_EQ(weights_hash(*loaded.model), weights_hash(*usual_model.model));
  EXPECT_TRUE(loaded.model->weights().tied());
  // It is saved under the usual name.
  const TemporaryFolder output;
  save_pretrained(loaded, output.path() / "m", at::kFloat);
  EXPECT_TRUE(StoredWeights(output.path() / "m").contains(embedding_));
  EXPECT_FALSE(StoredWeights(output.path() / "m").contains(head_));
  const CheckpointSummary summary = summarize_checkpoint(by_head.path());
  EXPECT_EQ(summary.parameters, summarize_checkpoint(usual().path()).parameters);
  EXPECT_TRUE(summary.decoder->weights().tied());
}

TEST_P(Tied, StaysSoWhereBothAreEqual) {
  const Changed both = tied([&](Tensors& tensors) {
    tensors[head_] = tensors.at(embedding_).to(at::kFloat);  // in another type
  });
  const Pretrained loaded = both.load();
  EXPECT_EQ(weights_hash(*loaded.model), weights_hash(*usual().load().model));
  EXPECT_EQ(loaded.config, read_model_config(both.path() / "config.json"));
  EXPECT_EQ(summarize_checkpoint(both.path()).parameters, loaded.model->weights().count());
}

TEST_P(Tied, AHeadThatDiffersIsTheModelsOwn) {
  const Changed own = tied([&](Tensors& tensors) {
    const at::Tensor head = tensors.at(embedding_).clone();
    head.select(0, head.size(0) - 1).add_(1);  // in the last row alone
    tensors[head_] = head;
  });
  const Pretrained loaded = own.load();
  EXPECT_FALSE(loaded.model->weights().tied());
  EXPECT_EQ(loaded.config["tie_word_embeddings"], false);
  const StoredWeights stored(own.path());
  EXPECT_TRUE(at::equal(loaded.model->head().weight(),
                        stored.tensor(head_, stored.entry(head_).shape).to(at::kFloat)));
  const TemporaryFolder output;
  save_pretrained(loaded, output.path() / "m", at::kFloat);
  EXPECT_TRUE(StoredWeights(output.path() / "m").contains(head_));
  EXPECT_EQ(weights_hash(*load_pretrained(output.path() / "m", at::kFloat).model),
            weights_hash(*loaded.model));
  const CheckpointSummary summary = summarize_checkpoint(own.path());
  EXPECT_EQ(summary.parameters, loaded.model->weights().count());
  EXPECT_FALSE(summary.decoder->weights().tied());
}

TEST_P(Tied, NeitherStoredIsMissing) {
  const Changed neither = tied([&](Tensors& tensors) { tensors.erase(embedding_); });
  EXPECT_NE(failure([&] { neither.load(); }).find("tensor " + embedding_ + " is missing"),
            std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Families, Tied,
    testing::Values(Family{"llama32_tied", "model.embed_tokens.weight", "lm_head.weight", true},
                    Family{"llama31", "model.embed_tokens.weight", "lm_head.weight", true},
                    Family{"qwen2_tied", "model.embed_tokens.weight", "lm_head.weight", true},
                    Family{"gemma2", "model.embed_tokens.weight", "lm_head.weight", false},
                    Family{"gemma3", "model.embed_tokens.weight", "lm_head.weight", false},
                    Family{"internlm2", "model.tok_embeddings.weight", "output.weight", true}));

// Without the tie, an embedding is not the head, nor the other way round.
TEST(Untied, NeedsBoth) {
  for (const char* name : {"lm_head.weight", "model.embed_tokens.weight"}) {
    const Changed half("llama31", [&](Tensors& tensors, Json&) { tensors.erase(name); });
    EXPECT_NE(failure([&] { half.load(); }).find(std::string("tensor ") + name + " is missing"),
              std::string::npos);
  }
}

// The cache holds what the model says it keeps: keys and values, or the latent twice and one key.
TEST(CheckpointSummary, ForecastsTheCacheOfTheModel) {
  for (const char* name : {"llama31", "deepseek_v2_lite"}) {
    const CheckpointSummary summary = summarize_checkpoint(fixture(name));
    const Json config = read_model_config(fixture(name) / "config.json");
    const int64_t token =
        name == std::string("llama31")
            ? 2 * config["num_key_value_heads"].get<int64_t>() *
                  config["hidden_size"].get<int64_t>() /
                  config["num_attention_heads"].get<int64_t>()
            : 2 * config["kv_lora_rank"].get<int64_t>() + config["qk_rope_head_dim"].get<int64_t>();
    EXPECT_EQ(forecast_inference(summary, config, summary.decoder->shape(), 2, 1).cache_per_token,
              2 * config["num_hidden_layers"].get<int64_t>() * token)
        << name;
  }
}

}  // namespace
}  // namespace amalgam
