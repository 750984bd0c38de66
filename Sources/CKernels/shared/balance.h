// Cuts work into blocks that threads take in turn.
#ifndef SWL_BALANCE_H
#define SWL_BALANCE_H

#include "targets.h"

// Weights of more bytes stay in no thread's second-level cache: threads divide them rather than read them each.
#define SWL_HEAVY_BYTES 262144

// Pixels of a layer that columns, or blocks of channels, divide more evenly among threads than rows do.
#define SWL_FEW_PIXELS 64

// What a block costs beside its work, in units of work: mostly the weights, read again.
#define SWL_BLOCK_COST 2

// Units of work a block, a multiple of `step` and at most `largest` (which is one, too): as few blocks as there can be, and even.
SWL_INLINE int64_t swl_even_block(int64_t work, int64_t step, int64_t largest) {
  const int64_t blocks = swl_maximum((work + largest - 1) / largest, 1);
  return swl_maximum(((work + blocks - 1) / blocks + step - 1) / step * step, step);
}

// Units of work a block, a multiple of `step` and at most `largest` (which is one, too): such that the last thread is done soonest, and
// blocks are large where that makes no difference. At most four blocks a thread, so that none waits long for one that was held up.
SWL_INLINE int64_t swl_balanced_block(int64_t work, int64_t step, int64_t largest, int32_t threads) {
  int64_t best = largest, least = INT64_MAX;
  const int64_t smallest = swl_maximum(work / (4 * threads) / step * step, step);
  for (int64_t block = largest; block >= swl_minimum(smallest, largest); block -= step) {
    const int64_t full = work / block, rest = work % block, turns = full / threads, over = full % threads;
    const int64_t duration = over > 0 ? (turns + 1) * (block + SWL_BLOCK_COST) : turns * (block + SWL_BLOCK_COST) + (rest > 0 ? rest + SWL_BLOCK_COST : 0);
    if (duration < least) best = block, least = duration;
  }
  return best;
}

// Units of work a part, where threads take parts of `part` in turn; or one part for each thread, where that has the last one done sooner by a sixteenth.
SWL_INLINE int64_t swl_even_part(int64_t work, int64_t part, int32_t threads) {
  const int64_t parts = (work + part - 1) / part, duration = (parts + threads - 1) / threads * part, each = (work + threads - 1) / threads;
  return (duration - each) * 16 > duration ? each : part;
}

#endif
