// Helpers of the tests of every layer.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "core/error.h"

namespace amalgam {

/// The message of the Error that `work` throws; the test fails when it throws none or another kind.
inline std::string failure(const std::function<void()>& work, ErrorKind kind = ErrorKind::kUsage) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

/// Whether `work` throws an Error of this kind whose message has `words`.
inline testing::AssertionResult fails_with(const std::string& words,
                                           const std::function<void()>& work,
                                           ErrorKind kind = ErrorKind::kUsage) {
  const std::string message = failure(work, kind);
  if (message.find(words) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "\"" << words << "\" is not in: " << message;
}

}  // namespace amalgam
