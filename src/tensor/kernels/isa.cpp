#include "tensor/kernels/isa.h"

namespace amalgam::kernels {

Isa best_isa() {
#if defined(__x86_64__)
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (wide && __builtin_cpu_supports("avx512bf16")) return Isa::kAvx512Bf16;
  if (wide) return Isa::kAvx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Isa::kAvx2;
#endif
  return Isa::kBaseline;
}

namespace {

template <class Build>
const Loops<float>& table(float) {
  return Build::floats();
}
template <class Build>
const Loops<Bf16>& table(Bf16) {
  return Build::halves();
}

}  // namespace

template <class T>
const Loops<T>& loops() {
  static const Loops<T>& best = []() -> const Loops<T>& {
    switch (best_isa()) {
#if defined(__x86_64__)
      case Isa::kAvx512Bf16:
        return table<Avx512Bf16>(T{});
      case Isa::kAvx512:
        return table<Avx512>(T{});
      case Isa::kAvx2:
        return table<Avx2>(T{});
#endif
      default:
        return table<Baseline>(T{});
    }
  }();
  return best;
}
template const Loops<float>& loops<float>();
template const Loops<Bf16>& loops<Bf16>();

}  // namespace amalgam::kernels
