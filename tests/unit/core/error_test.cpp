#include "core/error.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "support.h"

namespace amalgam {
namespace {

TEST(Error, CarriesKindAndContext) {
  const auto write_checkpoint = [] { fail("cannot write ({})", "no space left"); };
  const auto step = [&] { with_context("step 120", write_checkpoint); };
  EXPECT_EQ(failure([&] { with_context("prefer", step); }, ErrorKind::kFailed),
            "prefer: step 120: cannot write (no space left)");
  EXPECT_EQ(failure([] { fail_usage("{}:{}: no", "a.yaml", 3); }), "a.yaml:3: no");
}

TEST(Error, ContextPassesResultsAndOtherExceptions) {
  EXPECT_EQ(with_context("adding", [] { return 2 + 3; }), 5);
  int value = 1;
  with_context("by reference", [&]() -> int& { return value; }) = 4;
  EXPECT_EQ(value, 4);
  EXPECT_THROW(with_context("x", [] { throw std::runtime_error("other"); }), std::runtime_error);
}

TEST(Error, ChecksNameTheirPlace) {
  EXPECT_NO_THROW(AMALGAM_CHECK(1 + 1 == 2));
  const std::string message = failure([] { AMALGAM_CHECK(1 + 1 == 3); }, ErrorKind::kFailed);
  EXPECT_NE(message.find("error_test.cpp:"), std::string::npos);
  EXPECT_NE(message.find("1 + 1 == 3"), std::string::npos);
}

}  // namespace
}  // namespace amalgam
