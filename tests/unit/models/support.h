// Helpers of the tests of models/.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>

#include "core/error.h"
#include "core/files.h"

namespace amalgam {

/// An empty folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = testing::TempDir() + "amalgam-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) fail("{}: cannot make a folder", name);
    path_ = name;
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

inline fs::path fixture(const std::string& name) {
  return fs::path(AMALGAM_FIXTURES) / "models" / name;
}

/// The message of the usage error that `work` ends in; empty where there is none.
template <class Work>
std::string usage_error(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage) << error.what();
    return error.what();
  }
  return "";
}

}  // namespace amalgam
