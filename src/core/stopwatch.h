// Wall time in seconds.
#pragma once

#include <chrono>
#include <utility>

namespace amalgam {

class Stopwatch {
 public:
  /// Seconds since the last lap, or since the object was made.
  double lap() {
    const Clock::time_point last = std::exchange(last_, Clock::now());
    return std::chrono::duration<double>(last_ - last).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point last_ = Clock::now();
};

}  // namespace amalgam
