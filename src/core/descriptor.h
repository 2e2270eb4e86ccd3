// Open files and their names.
#pragma once

#include <sys/stat.h>

#include "core/files.h"

namespace amalgam {

/// Whether `path` still names the file that `descriptor` has open: another process may have renamed
/// or removed it since it was opened.
inline bool is_named_by(const fs::path& path, int descriptor) {
  struct stat opened = {}, named = {};
  return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace amalgam
