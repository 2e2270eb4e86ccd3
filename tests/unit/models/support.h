// Helpers of the tests of models/.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>

#include "../support.h"
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

}  // namespace amalgam
