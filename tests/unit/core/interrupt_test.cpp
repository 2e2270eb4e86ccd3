#include "core/interrupt.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace amalgam {
namespace {

TEST(InterruptGuard, AHandledSignalIsOver) {
  {
    InterruptGuard guard;
    EXPECT_FALSE(guard.interrupted());
    std::raise(SIGTERM);
    EXPECT_TRUE(guard.interrupted());
    guard.handled();
  }
  EXPECT_FALSE(InterruptGuard().interrupted());
}

TEST(InterruptGuardDeathTest, ASignalThatNobodyHandledEndsTheProcess) {
  const auto lose = [](int signal) {
    {
      InterruptGuard guard;
      std::raise(signal);
    }
    std::exit(0);
  };
  EXPECT_EXIT(lose(SIGTERM), testing::KilledBySignal(SIGTERM), "");
  EXPECT_EXIT(lose(SIGINT), testing::KilledBySignal(SIGINT), "");
}

TEST(InterruptGuardDeathTest, ASecondSignalEndsTheProcessAtOnce) {
  const auto twice = [] {
    InterruptGuard guard;
    std::raise(SIGINT);
    std::raise(SIGINT);
    std::exit(0);
  };
  EXPECT_EXIT(twice(), testing::KilledBySignal(SIGINT), "");
}

TEST(InterruptGuardDeathTest, OtherSignalsGoOnEndingIt) {
  const auto other = [] {
    InterruptGuard guard({SIGINT});
    std::raise(SIGTERM);
    std::exit(0);
  };
  EXPECT_EXIT(other(), testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace amalgam
