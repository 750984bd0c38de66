// What every kernel of the family includes: widening, and the gathering of windows into int16 rows with the zero point
// taken off, so that padding is 0 and signed and unsigned inputs meet the same tiles.
#ifndef SWL_CONVOLUTION_Q8_H
#define SWL_CONVOLUTION_Q8_H

#include "../shared/epilogue.h"
#include "../shared/kernels.h"
#include "../shared/window.h"

SWL_INLINE void widen(int16_t *restrict to, const uint8_t *restrict from, int64_t count, int32_t flip, int32_t offset) {
  const uint8_t mask = (uint8_t)flip;
  const int16_t shift = (int16_t)offset;
  for (int64_t i = 0; i < count; i++) to[i] = (int16_t)((int16_t)(uint8_t)(from[i] ^ mask) - shift);
}

#define GATHER_SOURCE uint8_t
#define GATHER_ELEMENT int16_t
#define GATHER_ARGUMENTS , int32_t flip, int32_t offset
#define GATHER_RUN(to, from, count) widen(to, from, count, flip, offset)
#define GATHER_CLEAR(to, count) memset(to, 0, (size_t)(count) * sizeof(int16_t))
#include "gather.h"

#endif
