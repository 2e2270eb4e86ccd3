#include "tensor/batch.h"

#include <gtest/gtest.h>

namespace amalgam {
namespace {

std::vector<int64_t> list(const at::Tensor& x) {
  return {x.const_data_ptr<int64_t>(), x.const_data_ptr<int64_t>() + x.numel()};
}
using Ints = std::vector<int64_t>;

TEST(Pack, PromptOnceAndResponsesBranchOff) {
  const TokenizedExample first{"a", {5, 6, 7}, {{8, 9}, {10}}};
  const TokenizedExample second{"b", {1}, {{2, 3, 4}}};
  const std::vector<const TokenizedExample*> examples{&first, &second};
  const PackedBatch batch = pack(examples);
  EXPECT_EQ(first.tokens() + second.tokens(), batch.tokens());
  EXPECT_EQ(list(batch.ids), (Ints{5, 6, 7, 8, 9, 10, 1, 2, 3, 4}));
  EXPECT_EQ(list(batch.positions), (Ints{0, 1, 2, 3, 4, 3, 0, 1, 2, 3}));
  EXPECT_EQ(batch.segments,
            (std::vector<Segment>{
                {0, 3, 0, 0}, {3, 5, 0, 3}, {5, 6, 0, 3}, {6, 7, 0, 0}, {7, 10, 6, 7}}));
  EXPECT_EQ(list(batch.rows), (Ints{2, 3, 2, 6, 7, 8}));
  EXPECT_EQ(list(batch.targets), (Ints{8, 9, 10, 2, 3, 4}));
  EXPECT_EQ(list(batch.response_of), (Ints{0, 0, 1, 2, 2, 2}));
  EXPECT_EQ(batch.responses, 3);
  EXPECT_EQ(batch.response_lengths, (Ints{2, 1, 3}));
}

TEST(Pack, PromptAlone) {
  const TokenizedExample example{"a", {5, 6}, {}};
  const std::vector<const TokenizedExample*> examples{&example};
  const PackedBatch batch = pack(examples);
  EXPECT_EQ(batch.segments, (std::vector<Segment>{{0, 2, 0, 0}}));
  EXPECT_EQ(batch.rows.numel(), 0);
  EXPECT_EQ(batch.responses, 0);
}

// Two classes: up to five tokens and above. Neighbours of one class share a copy of the prompt.
TEST(Pack, APromptIsSharedWithinAClassOfLengths) {
  const TokenizedExample example{"a", {5, 6, 7}, {{8}, {9, 10}, {11, 12, 13}, {14}}};
  const std::vector<const TokenizedExample*> examples{&example};
  const PackedBatch batch = pack(examples, at::kCPU, [](int64_t length) { return length > 5; });
  EXPECT_EQ(list(batch.ids), (Ints{5, 6, 7, 8, 9, 10, 5, 6, 7, 11, 12, 13, 5, 6, 7, 14}));
  EXPECT_EQ(list(batch.positions), (Ints{0, 1, 2, 3, 3, 4, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3}));
  EXPECT_EQ(batch.segments, (std::vector<Segment>{{0, 3, 0, 0},
                                                  {3, 4, 0, 3},
                                                  {4, 6, 0, 3},
                                                  {6, 9, 0, 0},
                                                  {9, 12, 6, 9},
                                                  {12, 15, 0, 0},
                                                  {15, 16, 12, 15}}));
  EXPECT_EQ(list(batch.rows), (Ints{2, 2, 4, 8, 9, 10, 14}));
  EXPECT_EQ(list(batch.response_of), (Ints{0, 1, 1, 2, 2, 2, 3}));
  EXPECT_EQ(sequence_lengths(batch.segments),
            (Ints{5, 5, 5, 4, 5, 5, 6, 6, 6, 6, 6, 6, 4, 4, 4, 4}));
}

TEST(Pack, EachResponseWithAPromptOfItsOwn) {
  const TokenizedExample example{"a", {5, 6}, {{8}, {9, 10}}};
  const std::vector<const TokenizedExample*> examples{&example};
  const PackedBatch batch = pack(examples, at::kCPU, {}, /*share_prompts=*/false);
  EXPECT_EQ(list(batch.ids), (Ints{5, 6, 8, 5, 6, 9, 10}));
  EXPECT_EQ(list(batch.positions), (Ints{0, 1, 2, 0, 1, 2, 3}));
  EXPECT_EQ(batch.segments,
            (std::vector<Segment>{{0, 2, 0, 0}, {2, 3, 0, 2}, {3, 5, 0, 0}, {5, 7, 3, 5}}));
  EXPECT_EQ(list(batch.rows), (Ints{1, 4, 5}));
}

}  // namespace
}  // namespace amalgam
