#include "train/order.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.h"

namespace amalgam {

DataOrder::DataOrder(const TrainConfig& config, int64_t examples)
    : seed_(config.seed),
      examples_(examples),
      batch_(std::min(config.batch_size, examples)),
      epoch_steps_((examples + batch_ - 1) / batch_),
      steps_(static_cast<int64_t>(std::ceil(config.epochs * static_cast<double>(epoch_steps_)))) {}

std::vector<int64_t> DataOrder::step(int64_t k) const {
  std::vector<int64_t> order(static_cast<size_t>(examples_));
  std::iota(order.begin(), order.end(), 0);
  const std::string epoch = std::to_string(k / epoch_steps_);
  RandomStream random(stable_hash({std::to_string(seed_), "train-order", epoch}));
  shuffle(order, random);
  const int64_t first = (k % epoch_steps_) * batch_;
  std::vector<int64_t> indices(order.begin() + first,
                               order.begin() + std::min(first + batch_, examples_));
  std::sort(indices.begin(), indices.end());
  return indices;
}

std::vector<std::vector<int64_t>> micro_batches(const std::vector<TrainExample>& examples,
                                                const std::vector<int64_t>& indices,
                                                const MicroBatching& batching) {
  const auto tokens = [&](int64_t index) {
    return examples[static_cast<size_t>(index)].tokens.tokens(batching.share_prompts);
  };
  std::vector<int64_t> by_length = indices;
  std::stable_sort(by_length.begin(), by_length.end(),
                   [&](int64_t a, int64_t b) { return tokens(a) > tokens(b); });
  std::vector<std::vector<int64_t>> batches;
  std::vector<int64_t> room;
  for (const int64_t index : by_length) {
    // First fit: few micro-batches, and the fullest, which needs the most memory, comes first.
    const auto fits =
        std::find_if(room.begin(), room.end(), [&](int64_t left) { return tokens(index) <= left; });
    const auto place = static_cast<size_t>(fits - room.begin());
    if (fits == room.end()) {
      room.push_back(batching.micro_batch_tokens);
      batches.emplace_back();
    }
    room[place] -= tokens(index);
    batches[place].push_back(index);
  }
  for (std::vector<int64_t>& batch : batches) std::sort(batch.begin(), batch.end());
  return batches;
}

}  // namespace amalgam
