// A polite stop: signals set a flag for as long as an object of this class lives. Elsewhere they
// end the process at once.
#pragma once

#include <csignal>
#include <initializer_list>
#include <utility>
#include <vector>

namespace amalgam {

class InterruptGuard {
 public:
  /// One at a time. A second signal of the same kind ends the process at once.
  explicit InterruptGuard(std::initializer_list<int> signals = {SIGINT, SIGTERM});
  /// A signal that nobody has handled ends the process now: none is lost.
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// Whether a signal has come.
  bool interrupted() const;
  /// The caller has done what the signal asked for.
  void handled();

 private:
  std::vector<std::pair<int, struct sigaction>> previous_;
  bool handled_ = false;
};

}  // namespace amalgam
