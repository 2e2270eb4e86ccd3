#include "core/progress.h"

#include <gtest/gtest.h>

namespace amalgam {
namespace {

TEST(Duration, PicksItsUnits) {
  EXPECT_EQ(format_duration(0), "0 s");
  EXPECT_EQ(format_duration(-5), "0 s");
  EXPECT_EQ(format_duration(59.4), "59 s");
  EXPECT_EQ(format_duration(59.6), "1 min 00 s");
  EXPECT_EQ(format_duration(190), "3 min 10 s");
  EXPECT_EQ(format_duration(3600 + 59 * 60 + 59), "1 h 59 min");
  EXPECT_EQ(format_duration(2 * 3600 + 5 * 60), "2 h 05 min");
}

TEST(Progress, WritesToStandardErrorOnly) {
  testing::internal::CaptureStdout();
  {
    Progress progress("sample", 10, "prompts", 4);
    for (int i = 0; i < 6; ++i) progress.advance(1, "note");
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

}  // namespace
}  // namespace amalgam
