#include "data/rows.h"

#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "core/error.h"
#include "core/output_file.h"
#include "data/parquet.h"

namespace amalgam {
namespace {

enum class FileKind { kJsonl, kGzip, kParquet };

FileKind file_kind(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name.ends_with(".jsonl")) return FileKind::kJsonl;
  if (name.ends_with(".jsonl.gz")) return FileKind::kGzip;
  if (name.ends_with(".parquet")) return FileKind::kParquet;
  fail_usage("{}: unknown kind of file; expected .jsonl, .jsonl.gz or .parquet", path.string());
}

int64_t write_jsonl(OutputFile& file, const RowSource& source) {
  int64_t count = 0;
  source([&](const Json& row) {
    file.write(to_line(row) + "\n");
    ++count;
  });
  return count;
}

int64_t write_gzip(const fs::path& path, const RowSource& source) {
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "wb"), gzclose);
  if (!file) fail_usage("{}: cannot write ({})", path.string(), std::strerror(errno));
  int64_t count = 0;
  source([&](const Json& row) {
    const std::string line = to_line(row) + "\n";
    if (gzfwrite(line.data(), 1, line.size(), file.get()) != line.size())
      fail("{}: cannot write ({})", path.string(), std::strerror(errno));
    ++count;
  });
  if (gzclose(file.release()) != Z_OK)
    fail("{}: cannot write ({})", path.string(), std::strerror(errno));
  return count;
}

}  // namespace

void for_each_data_row(const fs::path& path,
                       const std::function<void(const Json&, const std::string&)>& visit) {
  if (file_kind(path) == FileKind::kParquet)
    for_each_parquet_row(path, visit);
  else
    for_each_row(path, visit);
}

int64_t write_rows(const fs::path& path, const RowSource& source) {
  const FileKind kind = file_kind(path);
  OutputFile file(path);
  const int64_t count = kind == FileKind::kParquet ? write_parquet(file.partial(), source)
                        : kind == FileKind::kGzip  ? write_gzip(file.partial(), source)
                                                   : write_jsonl(file, source);
  file.commit();
  return count;
}

}  // namespace amalgam
