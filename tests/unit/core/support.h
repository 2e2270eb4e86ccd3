// Helpers of the tests of src/core.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "../support.h"
#include "core/files.h"

namespace amalgam {

/// An empty folder for each test.
class InFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("amalgam_core_{}", ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& content) {
    write_file_atomically(folder_ / name, content);
    return folder_ / name;
  }

  fs::path folder_;
};

}  // namespace amalgam
