#include "report/tensorboard.h"

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

#include "core/error.h"

namespace amalgam {
namespace {

static_assert(std::endian::native == std::endian::little, "integers are written as they lie");

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4).
uint32_t crc32c(std::string_view bytes) {
  static const auto table = [] {
    std::array<uint32_t, 256> entries{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0x82f63b78U : 0);
      entries[i] = value;
    }
    return entries;
  }();
  uint32_t crc = ~0U;
  for (const char byte : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
  return ~crc;
}

/// TFRecord's masked checksum.
uint32_t masked_crc(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

template <class T>
std::string raw(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

// Protocol buffers, by hand: a field is its key (number << 3 | wire type) and its value.
std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  return bytes + static_cast<char>(value);
}
std::string key(uint32_t field, uint32_t wire_type) { return varint(field << 3 | wire_type); }
std::string bytes_field(uint32_t field, std::string_view bytes) {
  return key(field, 2) + varint(bytes.size()) + std::string(bytes);
}

std::string event(double wall_time, int64_t step, const std::string& content) {
  return key(1, 1) + raw(wall_time) + key(2, 0) + varint(static_cast<uint64_t>(step)) + content;
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// A name that sorts by time and is not taken; 'x' makes the creation exclusive.
std::FILE* create(const fs::path& folder, fs::path& path) {
  for (int session = 0; session < 10000; ++session) {
    path = folder / fmt::format("events.out.tfevents.{}.{:04}.amalgam", static_cast<int64_t>(now()),
                                session);
    std::FILE* file = std::fopen(path.c_str(), "wbx");
    if (file != nullptr || errno != EEXIST) return file;
  }
  return nullptr;
}

}  // namespace

TensorBoardWriter::TensorBoardWriter(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) fail("{}: cannot create the folder ({})", folder.string(), failed.message());
  file_ = create(folder, path_);
  if (file_ == nullptr) fail("{}: cannot write ({})", path_.string(), std::strerror(errno));
  write_record(event(now(), 0, bytes_field(3, "brain.Event:2")));  // Event.file_version
}

TensorBoardWriter::~TensorBoardWriter() {
  if (file_ != nullptr) std::fclose(file_);
}

void TensorBoardWriter::scalar(std::string_view tag, int64_t step, double value, double wall_time) {
  // Event.session_log with status START: TensorBoard forgets earlier events from this step on.
  if (!started_) write_record(event(wall_time, step, bytes_field(7, key(1, 0) + varint(1))));
  started_ = true;
  const std::string simple_value = key(2, 5) + raw(static_cast<float>(value));
  const std::string entry = bytes_field(1, tag) + simple_value;   // Summary.Value
  const std::string summary = bytes_field(1, entry);              // Summary
  write_record(event(wall_time, step, bytes_field(5, summary)));  // Event.summary
}

void TensorBoardWriter::flush() {
  if (std::fflush(file_) != 0) fail("{}: cannot write ({})", path_.string(), std::strerror(errno));
}

void TensorBoardWriter::write_record(std::string_view payload) {
  const std::string length = raw(static_cast<uint64_t>(payload.size()));
  std::string record = length + raw(masked_crc(length));
  record += payload;
  record += raw(masked_crc(payload));
  if (std::fwrite(record.data(), 1, record.size(), file_) != record.size())
    fail("{}: cannot write ({})", path_.string(), std::strerror(errno));
}

}  // namespace amalgam
