#define AMALGAM_ISA Avx512
#include "tensor/kernels/loops.inl"
