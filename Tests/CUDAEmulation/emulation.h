// What nvcc gives a kernel, for a host compiler: the threads of a block become fibers of one thread.
#pragma once

#include <stdint.h>

#define __global__
#define __device__
// One block runs at a time.
#define __shared__ static

struct swl_emulated_index {
  uint32_t x, y, z;
};
extern swl_emulated_index threadIdx, blockIdx, blockDim, gridDim;

// All threads of the block meet, or the run is aborted: on a device the result would be undefined.
void __syncthreads(void);

// Threads run one after the other.
static inline unsigned long long atomicAdd(unsigned long long *to, unsigned long long value) {
  const unsigned long long before = *to;
  *to += value;
  return before;
}

static inline int32_t swl_emulated_dp4a(uint32_t a, uint32_t b, int32_t sum) {
  uint32_t total = (uint32_t)sum;
  for (int i = 0; i < 4; i++) total += (uint32_t)((int32_t)(int8_t)(a >> 8 * i) * (int8_t)(b >> 8 * i));
  return (int32_t)total;
}

// m16n8k32 of signed bytes with 32-bit sums, by the fragments that the PTX manual lays down.
void swl_emulated_mma(int32_t *sums, const uint32_t *a, const uint32_t *b);
