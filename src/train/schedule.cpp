#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace amalgam {

double learning_rate(const TrainConfig& config, int64_t step, int64_t steps) {
  const auto share =
      static_cast<int64_t>(std::ceil(config.warmup_ratio * static_cast<double>(steps)));
  const int64_t warmup = std::min(share, steps - 1);
  if (step < warmup) return config.lr * static_cast<double>(step) / static_cast<double>(warmup);
  const double progress = static_cast<double>(step - warmup) /
                          static_cast<double>(std::max<int64_t>(1, steps - warmup));
  if (config.lr_schedule == "cosine")
    return config.lr * 0.5 * (1 + std::cos(std::numbers::pi * progress));
  if (config.lr_schedule == "linear") return config.lr * std::max(0.0, 1 - progress);
  return config.lr;
}

}  // namespace amalgam
