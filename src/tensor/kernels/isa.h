// The builds of the loops, one an instruction set, and which of them this processor runs.
#pragma once

#include "tensor/kernels/loops.h"

namespace amalgam::kernels {

/// In this order: a processor that runs one runs those before it too.
enum class Isa { kBaseline, kAvx2, kAvx512, kAvx512Bf16 };
Isa best_isa();

struct Baseline {
  static const Loops<float>& floats();
  static const Loops<Bf16>& halves();
};
struct Avx2 {
  static const Loops<float>& floats();
  static const Loops<Bf16>& halves();
};
struct Avx512 {
  static const Loops<float>& floats();
  static const Loops<Bf16>& halves();
};
struct Avx512Bf16 {
  static const Loops<float>& floats();
  static const Loops<Bf16>& halves();
};

}  // namespace amalgam::kernels
