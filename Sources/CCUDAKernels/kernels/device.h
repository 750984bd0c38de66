// What every kernel includes. The arithmetic is the CPU's own source, so that there is one definition of it; contraction to fused
// multiply-adds is off, as it is there.
#ifndef SWL_CUDA_DEVICE_H
#define SWL_CUDA_DEVICE_H

#ifdef SWL_EMULATED
#include "emulation.h"

#define swl_library_logf logf
#define powf swl_emulated_powf
#endif

// A thread takes one element; and what a mathematical library computes has kernels of its own (library.cu), which no other does. The loader
// gives nothing of that kind to others; what came there all the same shows, as no number.
#define SWL_LANES 1
#define SWL_LIBRARY(function, alpha, beta, x) ((x) + swl_from_bits(0x7FC00000u))

#define restrict __restrict__
#include "../../CKernels/shared/epilogue.h"
#include "swl_cuda_arguments.h"

// All kernels, with the most threads that a block of theirs has, so that the compiler leaves registers enough for as many.
#define SWL_CUDA_KERNEL(name, arguments, threads, waits) extern "C" __global__ void __launch_bounds__(threads) name(const struct arguments);
#include "../list/swl_cuda_kernels.inc"
#undef SWL_CUDA_KERNEL

#define SWL_DEVICE static __device__ inline

// The thread's number in the grid.
SWL_DEVICE int64_t swl_thread(void) { return (int64_t)blockIdx.x * blockDim.x + threadIdx.x; }

// So many indices that data named lay outside.
SWL_DEVICE void swl_count_faults(uint64_t *faults, uint64_t count) {
  if (count != 0) atomicAdd((unsigned long long *)faults, (unsigned long long)count);
}

// One sum to its byte: `swl_requantise_row` for a single element.
SWL_DEVICE void swl_requantise(const struct swl_requantisation *r, int32_t sum, int32_t channel, int64_t element, uint8_t *output) {
  const float scaled = (float)(sum + r->bias[channel]) * r->multipliers[channel];
  int32_t middle = r->gates ? swl_gated(r, swl_round(swl_clamp(scaled, -32768, 32767)))
                            : swl_round(swl_clamp(scaled, r->middle_lower, r->middle_upper)) + r->middle_zero_point;
  if (r->table) {
    const uint8_t byte = r->table[(uint8_t)middle];
    middle = r->residual ? (int32_t)(byte ^ r->output_flip) - r->output_flip : byte;
  }
  if (r->residual) {
    swl_requantise_residual(r, &middle, r->residual + element, 1, output + element);
  } else {
    output[element] = (uint8_t)middle;
  }
}

#endif
