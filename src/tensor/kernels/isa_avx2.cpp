#define AMALGAM_ISA Avx2
#include "tensor/kernels/loops.inl"
