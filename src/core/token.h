#pragma once

#include <cstdint>

namespace amalgam {

/// An id of a tokenizer's vocabulary.
using Token = int32_t;

}  // namespace amalgam
