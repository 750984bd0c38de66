// The arithmetic and the walk that the binary families share.
#ifndef SWL_BINARY_BODY_H
#define SWL_BINARY_BODY_H

#include "../shared/targets.h"
#include "swl_elementwise.h"

#include <math.h>

SWL_INLINE float swl_smaller(float a, float b) { return a != a ? a : (b < a || b != b ? b : a); }
SWL_INLINE float swl_larger(float a, float b) { return a != a ? a : (b > a || b != b ? b : a); }

#define SWL_PAIRS(expression)                                                                                          \
  if (left_stride == 1 && right_stride == 1) {                                                                         \
    for (int64_t i = 0; i < count; i++) {                                                                              \
      float x = left[i], y = right[i];                                                                                 \
      output[i] = swl_clamp(expression, lower, upper);                                                                 \
    }                                                                                                                  \
  } else if (right_stride == 0 && left_stride == 1) {                                                                  \
    float y = right[0];                                                                                                \
    for (int64_t i = 0; i < count; i++) {                                                                              \
      float x = left[i];                                                                                               \
      output[i] = swl_clamp(expression, lower, upper);                                                                 \
    }                                                                                                                  \
  } else {                                                                                                             \
    for (int64_t i = 0; i < count; i++) {                                                                              \
      float x = left[i * left_stride], y = right[i * right_stride];                                                    \
      output[i] = swl_clamp(expression, lower, upper);                                                                 \
    }                                                                                                                  \
  }                                                                                                                    \
  break

SWL_INLINE void swl_binary_row(int32_t operation, const float *left, int64_t left_stride, const float *right, int64_t right_stride, float *output,
                               int64_t count, float lower, float upper) {
  switch ((enum swl_binary_operation)operation) {
  case SWL_ADD: SWL_PAIRS(x + y);
  case SWL_SUBTRACT: SWL_PAIRS(x - y);
  case SWL_MULTIPLY: SWL_PAIRS(x * y);
  case SWL_DIVIDE: SWL_PAIRS(x / y);
  case SWL_MINIMUM: SWL_PAIRS(swl_smaller(x, y));
  case SWL_MAXIMUM: SWL_PAIRS(swl_larger(x, y));
  case SWL_POWER_OF: SWL_PAIRS(powf(x, y));
  }
}

#undef SWL_PAIRS

// Where one item's run of the last axis lies.
struct swl_run {
  int64_t left, right, output, count;
};

SWL_INLINE struct swl_run swl_binary_run(const struct swl_binary *a, int64_t item) {
  int32_t last = a->axes - 1;
  int64_t chunk = item % a->chunks, position = item / a->chunks;
  int64_t first = chunk * SWL_CHUNK;
  struct swl_run run = {
      .left = first * a->left_strides[last],
      .right = first * a->right_strides[last],
      .output = position * a->extents[last] + first,
      .count = swl_minimum(SWL_CHUNK, a->extents[last] - first),
  };
  for (int32_t axis = last - 1; axis >= 0; axis--) {
    int64_t index = position % a->extents[axis];
    position /= a->extents[axis];
    run.left += index * a->left_strides[axis];
    run.right += index * a->right_strides[axis];
  }
  return run;
}

#endif
