// How rows of floats become bytes: see swl_convolution_rounded.
#ifndef SWL_ROUNDING_H
#define SWL_ROUNDING_H

#include "../shared/epilogue.h"
#include "../shared/kernels.h"
#include "../shared/window.h"
#include "swl_convolution.h"

#define ROUNDING_LANES 8
typedef float rounding_lanes __attribute__((vector_size(4 * ROUNDING_LANES)));
typedef int32_t rounding_choice __attribute__((vector_size(4 * ROUNDING_LANES)));

// Loops that look for a least element are left one at a time by compilers, or put in order by shuffles.
#define chosen_lanes(choice, yes, no) ((rounding_lanes)(((choice) & (rounding_choice)(yes)) | (~(choice) & (rounding_choice)(no))))

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
  rounding_lanes first = {0};
  for (int lane = 0; lane < ROUNDING_LANES; lane++) first[lane] = x[0];
  rounding_lanes least[2] = {first, first}, greatest[2] = {first, first}, invalid[2] = {{0}};
  int64_t i = 0;
  for (; i + 2 * ROUNDING_LANES <= depth; i += 2 * ROUNDING_LANES) {
    for (int half = 0; half < 2; half++) {
      rounding_lanes value;
      memcpy(&value, x + i + half * ROUNDING_LANES, sizeof value);
      least[half] = chosen_lanes(value < least[half], value, least[half]);
      greatest[half] = chosen_lanes(value > greatest[half], value, greatest[half]);
      invalid[half] += value * 0.0f;
    }
  }
  float lowest = least[0][0], highest = greatest[0][0], unsound = 0.0f;
  for (; i < depth; i++) {
    lowest = x[i] < lowest ? x[i] : lowest;
    highest = x[i] > highest ? x[i] : highest;
    unsound += x[i] * 0.0f;
  }
  for (int half = 0; half < 2; half++) {
    for (int lane = 0; lane < ROUNDING_LANES; lane++) {
      lowest = least[half][lane] < lowest ? least[half][lane] : lowest;
      highest = greatest[half][lane] > highest ? greatest[half][lane] : highest;
      unsound += invalid[half][lane];
    }
  }
  const float range = highest - lowest;
  *ret_inverse = range > 0.0f ? levels / range : 0.0f;
  return (struct rounded_row){lowest, range / levels + unsound};
}

// 0…65535 of an element; whatever it is of one that isn't finite.
SWL_INLINE int32_t rounded_level(float x, float least, float inverse, float levels) {
  const float level = swl_clamp((x - least) * inverse, 0.0f, levels);
  return swl_round(level) & 0xFFFF;
}

#endif
