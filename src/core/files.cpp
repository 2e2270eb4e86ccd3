#include "core/files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include "core/error.h"

namespace amalgam {
namespace {

std::string system_reason() { return std::strerror(errno); }

void sync_one(const fs::path& path) {
  const int handle = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) fail("{}: cannot open to sync ({})", path.string(), system_reason());
  const bool synced = ::fsync(handle) == 0;
  const std::string reason = system_reason();
  ::close(handle);
  if (!synced) fail("{}: cannot sync ({})", path.string(), reason);
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

bool is_there(const fs::path& path) {
  if (fs::exists(path)) return true;
  if (fs::is_symlink(path))
    fail_usage("{}: is a link to {}, which is not there; download or copy the file again",
               path.string(), fs::read_symlink(path).string());
  return false;
}

void require_unused(const fs::path& folder) {
  fs::path nearest = fs::absolute(folder);
  while (!is_there(nearest)) nearest = nearest.parent_path();
  if (!fs::is_directory(nearest))
    fail_usage("{}: is a file; give a folder to write to", nearest.string());
  if (nearest == fs::absolute(folder) && !fs::is_empty(nearest))
    fail_usage("{}: is not empty; choose another output", folder.string());
}

std::string read_file(const fs::path& path) {
  if (is_there(path) && fs::is_directory(path))
    fail_usage("{}: is a folder, expected a file", path.string());
  // gzread hands plain files through as they are.
  const gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) fail_usage("{}: cannot read ({})", path.string(), system_reason());
  std::string content;
  char block[1 << 16];
  int count = 0;
  while ((count = gzread(file, block, sizeof block)) > 0) content.append(block, count);
  int status = Z_OK;
  const std::string reason = gzerror(file, &status);
  gzclose(file);
  if (count < 0 || status == Z_BUF_ERROR) fail_usage("{}: cannot read ({})", path.string(), reason);
  return content;
}

void write_file_atomically(const fs::path& path, std::string_view content) {
  const fs::path partial = path.string() + ".tmp";
  std::FILE* file = std::fopen(partial.c_str(), "wb");
  if (file == nullptr) fail("{}: cannot write ({})", path.string(), system_reason());
  const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size() &&
                       std::fflush(file) == 0 && ::fsync(fileno(file)) == 0;
  const std::string reason = system_reason();
  std::fclose(file);
  if (!written) {
    std::error_code ignored;
    fs::remove(partial, ignored);
    fail("{}: cannot write ({})", path.string(), reason);
  }
  fs::rename(partial, path);
  sync_one(folder_of(path));
}

void sync_path(const fs::path& path) {
  if (fs::is_directory(path))
    for (const auto& entry : fs::recursive_directory_iterator(path)) sync_one(entry.path());
  sync_one(path);
  sync_one(folder_of(path));
}

void for_each_row(const fs::path& path,
                  const std::function<void(const Json&, const std::string&)>& visit) {
  const std::string content = read_file(path);
  int64_t line = 0;
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    const std::string_view text(content.data() + begin, end - begin);
    begin = end + 1;
    ++line;
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = fmt::format("{}:{}", path.string(), line);
    visit(parse_json(text, where), where);
  }
}

JsonlWriter::JsonlWriter(fs::path path, Mode mode)
    : path_(std::move(path)),
      file_(std::fopen(path_.c_str(), mode == Mode::kAppend ? "ab" : "wb")) {
  if (file_ == nullptr) fail_usage("{}: cannot write ({})", path_.string(), system_reason());
}

JsonlWriter::~JsonlWriter() {
  if (file_ != nullptr) std::fclose(file_);
}

void JsonlWriter::write(const Json& row) {
  const std::string line = to_line(row) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), file_) != line.size())
    fail("{}: cannot write ({})", path_.string(), system_reason());
}

void JsonlWriter::flush() {
  if (std::fflush(file_) != 0) fail("{}: cannot write ({})", path_.string(), system_reason());
}

void JsonlWriter::close() {
  flush();
  const int status = std::fclose(file_);
  file_ = nullptr;
  if (status != 0) fail("{}: cannot write ({})", path_.string(), system_reason());
}

namespace {

std::string hexadecimal(const unsigned char* digest, unsigned int length) {
  std::string text;
  for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  AMALGAM_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr) ==
                1);
  return hexadecimal(digest, length);
}

std::string sha256_of_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail_usage("{}: cannot read ({})", path.string(), system_reason());
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  AMALGAM_CHECK(context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1);
  std::vector<char> block(1 << 20);
  while (file.read(block.data(), std::ssize(block)), file.gcount() > 0)
    AMALGAM_CHECK(
        EVP_DigestUpdate(context.get(), block.data(), static_cast<size_t>(file.gcount())) == 1);
  if (file.bad()) fail("{}: cannot read ({})", path.string(), system_reason());
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  AMALGAM_CHECK(EVP_DigestFinal_ex(context.get(), digest, &length) == 1);
  return hexadecimal(digest, length);
}

}  // namespace amalgam
