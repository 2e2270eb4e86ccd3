#include "core/random.h"

namespace amalgam {

uint64_t stable_hash(std::initializer_list<std::string_view> parts) {
  // FNV-1a over the bytes and a separator that no UTF-8 text holds, then mixed.
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const std::string_view part : parts) {
    for (const char c : part) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
    hash = (hash ^ 0xffU) * 0x100000001b3ULL;
  }
  return mix_bits(hash);
}

}  // namespace amalgam
