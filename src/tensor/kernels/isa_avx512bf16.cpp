#define AMALGAM_ISA Avx512Bf16
#include "tensor/kernels/loops.inl"
