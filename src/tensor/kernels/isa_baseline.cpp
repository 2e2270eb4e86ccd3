#define AMALGAM_ISA Baseline
#include "tensor/kernels/loops.inl"
