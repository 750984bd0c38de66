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
enum waiting { running, at_barrier, at_exchange, finished };

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

} // namespace

void swl_emulated_fail(const char *reason) {
  fprintf(stderr, "%s: %s\n", running_kernel->name, reason);
  abort();
}

namespace {

swl_emulated_exchange exchanged[32][2];
// Two sets in turn: a lane that runs ahead writes to the other one.
uint32_t turns[1024];

void enter() {
  running_kernel->run(running_arguments);
  fibers[current].state = finished;
  _longjmp(scheduler, 1);
}

void wait(waiting state) {
  if (!has_fibers) swl_emulated_fail("threads wait for each other, which its line of the list denies");
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
    if (fibers[i].state != fibers[first].state) swl_emulated_fail("some threads reach a barrier, and some that should don't");
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
  } while (state_of(first, first + 32) == at_exchange);
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

uint32_t swl_emulated_lane(void) { return current % 32; }

swl_emulated_exchange &swl_emulated_meet(uint32_t instruction, const uint32_t *words, uint32_t count) {
  swl_emulated_exchange &meeting = exchanged[current / 32][turns[current]];
  turns[current] ^= 1;
  meeting.is_computed = false;
  meeting.instructions[current % 32] = instruction;
  memcpy(meeting.words[current % 32], words, count * sizeof *words);
  wait(at_exchange);
  for (uint32_t lane = 0; lane < 32; lane++) {
    if (meeting.instructions[lane] != instruction) swl_emulated_fail("lanes of a warp give different instructions");
  }
  return meeting;
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
