// What the fuzz targets share. A usage error is the right answer to bad input; any other exception,
// a crash, five seconds or a gigabyte are faults.
#pragma once

#include <stdlib.h>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace amalgam {

/// Runs `read`, which may refuse its input.
template <class Read>
void run_expecting_errors(Read&& read) {
  try {
    read();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUsage) throw;
  }
}

/// A folder of this process under the system's folder for temporary files, removed at its end.
class ScratchFolder {
 public:
  ScratchFolder() : path_((fs::temp_directory_path() / "amalgam_fuzz_XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  fs::path path() const { return path_; }
  void write(const char* name, std::string_view content) const {
    std::FILE* file = std::fopen((path() / name).c_str(), "wb");
    if (file == nullptr || std::fwrite(content.data(), 1, content.size(), file) != content.size())
      std::abort();
    std::fclose(file);
  }

 private:
  std::string path_;
};

/// The parts of an input that stands for several files: lines of "====" divide them. As many as
/// asked for, the last ones empty where there are fewer.
inline std::vector<std::string_view> split_input(const uint8_t* data, size_t size, size_t count) {
  constexpr std::string_view kDivider = "\n====\n";
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < count) {
    const size_t end = rest.find(kDivider);
    parts.push_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + kDivider.size());
  }
  parts.push_back(rest);
  return parts;
}

}  // namespace amalgam
