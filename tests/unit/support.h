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

}  // namespace amalgam
