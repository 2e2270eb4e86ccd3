// Memory of large tensors on the CPU.
#pragma once

#include <cstddef>

namespace amalgam {

/// From now on large CPU tensors live in one reserved range of huge pages that is kept for reuse.
/// The C library gives each of them back to the kernel, which clears every page again at the next
/// use: that took a quarter of a training step. Call once, before tensors are made. Without effect
/// where the range cannot be reserved.
void keep_tensor_memory();

}  // namespace amalgam
