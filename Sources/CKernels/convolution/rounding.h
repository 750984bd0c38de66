// How rows of floats become bytes: see swl_convolution_rounded.
#ifndef SWL_ROUNDING_H
#define SWL_ROUNDING_H

#include "../shared/epilogue.h"
#include "../shared/kernels.h"
#include "../shared/window.h"
#include "swl_convolution.h"

#define ROUNDING_LANES 16

#define GATHER_NAME gather_floats
#define GATHER_SOURCE float
#define GATHER_ELEMENT float
#define GATHER_ARGUMENTS
#define GATHER_RUN(to, from, count) memcpy(to, from, (size_t)(count) * sizeof(float))
#define GATHER_CLEAR(to, count) memset(to, 0, (size_t)(count) * sizeof(float))
#include "gather.h"

// A row's levels: element ≈ least + step × level.
struct rounded_row {
  float least, step;
};

// What isn't finite makes the step NaN: no product of bytes could say it.
SWL_INLINE struct rounded_row rounding_of(const float *restrict x, int64_t depth, float levels, float *ret_inverse) {
  float least[ROUNDING_LANES], greatest[ROUNDING_LANES], invalid[ROUNDING_LANES] = {0};
  for (int lane = 0; lane < ROUNDING_LANES; lane++) least[lane] = greatest[lane] = x[0];
  int64_t i = 0;
  for (; i + ROUNDING_LANES <= depth; i += ROUNDING_LANES) {
    for (int lane = 0; lane < ROUNDING_LANES; lane++) {
      const float value = x[i + lane];
      least[lane] = value < least[lane] ? value : least[lane];
      greatest[lane] = value > greatest[lane] ? value : greatest[lane];
      invalid[lane] += value * 0.0f;
    }
  }
  for (; i < depth; i++) {
    least[0] = x[i] < least[0] ? x[i] : least[0];
    greatest[0] = x[i] > greatest[0] ? x[i] : greatest[0];
    invalid[0] += x[i] * 0.0f;
  }
  for (int lane = 1; lane < ROUNDING_LANES; lane++) {
    least[0] = least[lane] < least[0] ? least[lane] : least[0];
    greatest[0] = greatest[lane] > greatest[0] ? greatest[lane] : greatest[0];
    invalid[0] += invalid[lane];
  }
  const float range = greatest[0] - least[0];
  *ret_inverse = range > 0.0f ? levels / range : 0.0f;
  return (struct rounded_row){least[0], range / levels + invalid[0]};
}

// 0…65535 of an element; whatever it is of one that isn't finite.
SWL_INLINE int32_t rounded_level(float x, float least, float inverse, float levels) {
  const float level = swl_clamp((x - least) * inverse, 0.0f, levels);
  return swl_round(level) & 0xFFFF;
}

#endif
