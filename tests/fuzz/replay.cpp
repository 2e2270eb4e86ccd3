// Runs a fuzz target on the files of the given folders, where libFuzzer does not: usage
// fuzz_TARGET FOLDER... Exit status 1 where an input is answered by anything but success or an
// Error; memory is bounded, so that greedy inputs fail too.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "support.h"

namespace amalgam {
namespace {

constexpr double kLimitSeconds = 5;
constexpr rlim_t kLimitBytes = rlim_t{4} << 30;  // of addresses, those of libtorch among them

bool replay(const fs::path& path) {
  const std::string input = read_file(path);
  const auto begin = std::chrono::steady_clock::now();
  try {
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), error.what());
    return false;
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  if (taken.count() <= kLimitSeconds) return true;
  std::fprintf(stderr, "%s: took %.1f s\n", path.c_str(), taken.count());
  return false;
}

void limit_memory() {
#ifndef __SANITIZE_ADDRESS__  // which reserves terabytes of addresses
  const rlimit limit{kLimitBytes, kLimitBytes};
  ::setrlimit(RLIMIT_AS, &limit);
#endif
}

int run(int count, char** folders) {
  limit_memory();
  std::vector<fs::path> paths;
  for (int i = 0; i < count; ++i)
    for (const auto& entry : fs::directory_iterator(folders[i])) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  int faults = 0;
  for (const fs::path& path : paths) {
    std::fprintf(stderr, "%s\n", path.c_str());  // names the input that ends the process
    faults += replay(path) ? 0 : 1;
  }
  std::fprintf(stderr, "%zu inputs, %d faults\n", paths.size(), faults);
  return faults > 0 || paths.empty() ? 1 : 0;
}

}  // namespace
}  // namespace amalgam

int main(int argc, char** argv) { return amalgam::run(argc - 1, argv + 1); }
