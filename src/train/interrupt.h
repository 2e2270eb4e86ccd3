// A polite stop: SIGINT and SIGTERM set a flag for as long as an object of this class lives.
#pragma once

#include <csignal>

namespace amalgam {

class InterruptGuard {
 public:
  /// A second signal of the same kind ends the process at once.
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool interrupted() const;

 private:
  struct sigaction previous_interrupt_ = {}, previous_terminate_ = {};
};

}  // namespace amalgam
