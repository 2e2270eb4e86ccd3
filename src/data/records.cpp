#include "data/records.h"

#include <array>

namespace amalgam {
namespace {

constexpr std::array kSplitNames = {"sft", "prefer", "held-out"};  // in the order of Split

}  // namespace

std::string to_string(Split split) { return kSplitNames[static_cast<size_t>(split)]; }

std::optional<Split> split_from_string(std::string_view name) {
  for (size_t i = 0; i < kSplitNames.size(); ++i)
    if (name == kSplitNames[i]) return static_cast<Split>(i);
  return std::nullopt;
}

}  // namespace amalgam
