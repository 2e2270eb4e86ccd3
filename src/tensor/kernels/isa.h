// The builds of the loops, one an instruction set.
#pragma once

#include "tensor/kernels/loops.h"

namespace amalgam::kernels {

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
