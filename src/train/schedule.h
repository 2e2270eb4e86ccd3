// The learning rate of each step.
#pragma once

#include <cstdint>

#include "train/config.h"

namespace amalgam {

/// Learning rate used by the optimiser at step k of `steps` (from 0), as Hugging Face's schedules
/// give it: warm-up over ceil(warmup_ratio * steps) steps in which step k takes k / warm-up of the
/// peak, then a cosine or a line to 0, or the peak. Unlike there, the last step is no warm-up, so
/// that some step has a learning rate.
double learning_rate(const TrainConfig& config, int64_t step, int64_t steps);

}  // namespace amalgam
