#include "core/folder_lock.h"

#include <sys/wait.h>

#include <memory>

#include "support.h"

namespace amalgam {
namespace {

using Lock = InFolder;

TEST_F(Lock, ASecondHolderIsRefusedAndToldOfTheFirst) {
  const fs::path run = folder_ / "new" / "run";
  auto first = std::make_unique<FolderLock>(run);
  const std::string why = failure([&] { FolderLock second(run); });
  EXPECT_NE(why.find(run.string()), std::string::npos) << why;
  EXPECT_NE(why.find(fmt::format("process {} on ", ::getpid())), std::string::npos) << why;
  EXPECT_NE(why.find("test_core"), std::string::npos) << why;  // its command
  first.reset();
  EXPECT_TRUE(fs::is_empty(run));
  FolderLock third(run);
}

TEST_F(Lock, AnotherProcessIsRefused) {
  const FolderLock mine(folder_);
  const pid_t child = fork();
  if (child == 0) {
    try {
      FolderLock theirs(folder_);
    } catch (const Error& error) {
      _exit(error.kind() == ErrorKind::kUsage ? 7 : 1);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST_F(Lock, AKilledHolderBlocksNobody) {
  const pid_t child = fork();
  if (child == 0) {
    FolderLock lock(folder_);
    _exit(0);  // no destructor
  }
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(fs::exists(folder_ / kLockFile));
  { FolderLock lock(folder_); }
  EXPECT_FALSE(fs::exists(folder_ / kLockFile));
}

TEST_F(Lock, TheFileOfAnotherHolderStays) {
  auto lock = std::make_unique<FolderLock>(folder_);
  fs::remove(folder_ / kLockFile);  // by hand
  const FolderLock other(folder_);
  lock.reset();
  EXPECT_TRUE(fs::exists(folder_ / kLockFile));
}

TEST_F(Lock, NeedsAFolder) {
  const fs::path file = write("file", "");
  EXPECT_NE(failure([&] { FolderLock lock(file); }).find("file"), std::string::npos);
}

}  // namespace
}  // namespace amalgam
