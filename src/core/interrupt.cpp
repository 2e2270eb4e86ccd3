#include "core/interrupt.h"

#include "core/error.h"

namespace amalgam {
namespace {

volatile std::sig_atomic_t received = 0;
bool guarded = false;

void receive(int signal) { received = signal; }

}  // namespace

InterruptGuard::InterruptGuard(std::initializer_list<int> signals) {
  AMALGAM_CHECK(!guarded);
  guarded = true;
  received = 0;
  struct sigaction action = {};
  action.sa_handler = receive;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  for (const int signal : signals) {
    previous_.emplace_back(signal, action);
    sigaction(signal, &action, &previous_.back().second);
  }
}

InterruptGuard::~InterruptGuard() {
  for (const auto& [signal, action] : previous_) sigaction(signal, &action, nullptr);
  guarded = false;
  if (received == 0 || handled_) return;
  std::signal(received, SIG_DFL);
  std::raise(received);
}

bool InterruptGuard::interrupted() const { return received != 0; }

void InterruptGuard::handled() { handled_ = true; }

}  // namespace amalgam
