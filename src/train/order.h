// Which examples an optimiser step sees, and how they are split into micro-batches. Functions of
// the settings alone, so a resumed run needs nothing but its step.
#pragma once

#include <cstdint>
#include <vector>

#include "train/config.h"
#include "train/tokenize.h"

namespace amalgam {

/// The order of the data over a run: each epoch a permutation of its own, the last step of an epoch
/// takes what is left.
class DataOrder {
 public:
  DataOrder(const TrainConfig& config, int64_t examples);

  int64_t steps() const { return steps_; }  // of the run: ceil(epochs * steps an epoch)
  /// Indices of the examples of step k (from 0), ascending.
  std::vector<int64_t> step(int64_t k) const;

 private:
  int64_t seed_, examples_, batch_, epoch_steps_, steps_;
};

/// Splits `indices` into micro-batches of at most micro_batch_tokens packed tokens (an example
/// above that stands alone), longest example first. Within a micro-batch the order is that of
/// `indices`.
std::vector<std::vector<int64_t>> micro_batches(const std::vector<TrainExample>& examples,
                                                const std::vector<int64_t>& indices,
                                                const MicroBatching& batching);

}  // namespace amalgam
