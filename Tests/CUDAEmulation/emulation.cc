// Blocks one after the other; where threads wait for each other each is a fiber, and barriers are rounds in which every warp runs up to its
// next one, whatever its lanes exchange among themselves on the way. Each round goes through warps and lanes in an order of its own that
// looks random and is always the same, so that a kernel that lacks a barrier gives wrong results.
#include "launch.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

swl_emulated_index threadIdx, blockIdx, blockDim, gridDim;

namespace {

constexpr size_t stack_size = 64 << 10;
enum waiting { running, at_barrier, at_mma, finished };

struct fiber {
  ucontext_t context;
  jmp_buf place;
  bool has_begun;
  waiting state;
};

fiber fibers[1024];
char *stacks;
jmp_buf scheduler;
uint32_t current;
bool has_fibers;
const swl_emulated_kernel *running_kernel;
const void *running_arguments;

struct fragments {
  uint32_t a[4], b[2];
};
// Two sets in turn: a lane that runs ahead writes to the other one.
fragments exchanged[32][2][32];
uint32_t turns[1024];

[[noreturn]] void fail(const char *reason) {
  fprintf(stderr, "%s: %s\n", running_kernel->name, reason);
  abort();
}

void enter() {
  running_kernel->run(running_arguments);
  fibers[current].state = finished;
  _longjmp(scheduler, 1);
}

void wait(waiting state) {
  if (!has_fibers) fail("threads wait for each other, which its line of the list denies");
  fiber &own = fibers[current];
  own.state = state;
  if (_setjmp(own.place) == 0) _longjmp(scheduler, 1);
}

void resume(uint32_t thread) {
  current = thread;
  threadIdx = {thread, 0, 0};
  fiber &next = fibers[thread];
  if (_setjmp(scheduler) != 0) return;
  if (next.has_begun) _longjmp(next.place, 1);
  next.has_begun = true;
  getcontext(&next.context);
  next.context.uc_stack.ss_sp = stacks + thread * stack_size;
  next.context.uc_stack.ss_size = stack_size;
  next.context.uc_link = nullptr;
  makecontext(&next.context, enter, 0);
  setcontext(&next.context);
}

// Of fibers first..<last, which must be of one mind.
waiting state_of(uint32_t first, uint32_t last) {
  for (uint32_t i = first + 1; i < last; i++) {
    if (fibers[i].state != fibers[first].state) fail("some threads reach a barrier, and some that should don't");
  }
  return fibers[first].state;
}

uint32_t order = 1;

// Numerical Recipes' generator: its high bits look random.
uint32_t next_order(void) {
  order = order * 1664525 + 1013904223;
  return order >> 16;
}

// A warp up to the block's next barrier, or its end.
void run_warp(uint32_t first) {
  do {
    const uint32_t turn = next_order() % 32, mask = next_order() % 32;
    for (uint32_t i = 0; i < 32; i++) resume(first + ((i + turn) % 32 ^ mask));
  } while (state_of(first, first + 32) == at_mma);
}

void run_block() {
  const uint32_t threads = running_kernel->threads, warps = threads / 32;
  for (uint32_t i = 0; i < threads; i++) fibers[i].has_begun = false;
  memset(turns, 0, sizeof turns);
  do {
    const uint32_t turn = next_order() % warps;
    const bool upwards = next_order() & 1;
    for (uint32_t i = 0; i < warps; i++) run_warp((upwards ? i + turn : 2 * warps - 1 - i - turn) % warps * 32);
  } while (state_of(0, threads) == at_barrier);
}

} // namespace

void __syncthreads(void) { wait(at_barrier); }

void swl_emulated_mma(int32_t *sums, const uint32_t *a, const uint32_t *b) {
  const uint32_t lane = current % 32;
  const fragments *all = exchanged[current / 32][turns[current]];
  fragments &own = exchanged[current / 32][turns[current]][lane];
  memcpy(own.a, a, sizeof own.a);
  memcpy(own.b, b, sizeof own.b);
  turns[current] ^= 1;
  wait(at_mma);
  // Byte i of a's register r, of lane l: row l / 4 + 8 × (r odd), column 4 × (l % 4) + i + 16 × (r ≥ 2). Of b's: row 4 × (l % 4) + i +
  // 16 × r, column l / 4. Sum i of lane l: row l / 4 + 8 × (i ≥ 2), column 2 × (l % 4) + (i odd).
  for (uint32_t i = 0; i < 4; i++) {
    const uint32_t row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
    uint32_t total = (uint32_t)sums[i];
    for (uint32_t k = 0; k < 32; k++) {
      const uint32_t from = k % 16 / 4, high = k / 16, shift = 8 * (k % 4);
      const int32_t left = (int8_t)(all[row % 8 * 4 + from].a[row / 8 + 2 * high] >> shift);
      const int32_t right = (int8_t)(all[column * 4 + from].b[high] >> shift);
      total += (uint32_t)(left * right);
    }
    sums[i] = (int32_t)total;
  }
}

void swl_emulate(const swl_emulated_kernel *kernel, swl_emulated_index grid, const void *arguments) {
  running_kernel = kernel;
  running_arguments = arguments;
  has_fibers = kernel->waits;
  gridDim = grid;
  blockDim = {kernel->threads, 1, 1};
  if (!stacks) stacks = (char *)malloc(1024 * stack_size);
  for (uint32_t z = 0; z < grid.z; z++) {
    for (uint32_t y = 0; y < grid.y; y++) {
      for (uint32_t x = 0; x < grid.x; x++) {
        blockIdx = {x, y, z};
        if (has_fibers) {
          run_block();
          continue;
        }
        for (uint32_t i = 0; i < kernel->threads; i++) {
          threadIdx = {i, 0, 0};
          kernel->run(arguments);
        }
      }
    }
  }
}
