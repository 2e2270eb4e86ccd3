#pragma once

namespace amalgam {

/// What a gated layer applies to its gate: x sigmoid(x), gelu by tanh, gelu.
enum class Activation { kSilu, kGeluTanh, kGelu };

}  // namespace amalgam
