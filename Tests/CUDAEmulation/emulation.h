// What nvcc gives a kernel, for a host compiler: the threads of a block become fibers of one thread.
#pragma once

#include <math.h>
#include <stdint.h>

#define __global__
#define __device__
#define __launch_bounds__(threads)
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

// A device's library may miss by a unit what is a whole number: kernels mustn't leave those to it.
static inline float swl_emulated_powf(float x, float y) {
  const float power = powf(x, y);
  const bool misses = 2 * y == truncf(2 * y) && fabsf(y) <= 8388608.0f && power == truncf(power) && fabsf(power) < 16777216.0f &&
                      power != 0.0f && pow((double)x, (double)y) == (double)power;
  return misses ? nextafterf(power, 0.0f) : power;
}

// Sums of signed bytes' products by the fragments of the PTX manual: all lanes of a warp take part, each with its registers.
void swl_emulated_mma_m16n8k32(int32_t *sums, const uint32_t *a, const uint32_t *b);
void swl_emulated_mma_m8n8k16(int32_t *sums, uint32_t a, uint32_t b);

// Which element of a 16 × 16 × 16 product lies where isn't documented, and so is of the emulation's own choice. Lines of 16 bytes (rows of the
// left side, columns of the right one), `stride` bytes apart; sums `stride` sums apart.
void swl_emulated_wmma_load(uint32_t *fragment, const uint32_t *from, int32_t stride);
void swl_emulated_wmma_m16n16k16(int32_t *sums, const uint32_t *a, const uint32_t *b);
void swl_emulated_wmma_store(uint32_t *to, const int32_t *sums, int32_t stride);

// What the lanes of a warp bring to one instruction of all, and what the first to go on makes of it for the others.
struct swl_emulated_exchange {
  uint32_t instructions[32], words[32][8];
  bool is_computed;
  int32_t product[16][16];
};

// Ten times the device's compute capability.
int32_t swl_emulated_capability(void);
[[noreturn]] void swl_emulated_fail(const char *reason);
uint32_t swl_emulated_lane(void);
// Waits for the warp's other lanes, which must give the same instruction.
swl_emulated_exchange &swl_emulated_meet(uint32_t instruction, const uint32_t *words, uint32_t count);
