// What whole numbers, truth values and comparisons compute, lane by lane.
#ifndef SWL_SHARED_WHOLE_H
#define SWL_SHARED_WHOLE_H

#include "elements.h"
#include "swl_reduction.h"

#include <math.h>

// MARK: two operands

// Wraps around; the exponent is not negative.
SWL_INLINE int64_t swl_raised(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent & 1 ? -1 : 1) : 0;
  uint64_t result = 1, square = (uint64_t)base;
  for (; exponent != 0; exponent >>= 1) {
    result *= exponent & 1 ? square : 1;
    square *= square;
  }
  return (int64_t)result;
}

// Unlike signed numbers, 64 unsigned bits may make an exponent that looks negative.
SWL_INLINE int64_t swl_raised_unsigned(uint64_t base, uint64_t exponent) {
  uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1) {
    result *= exponent & 1 ? base : 1;
    base *= base;
  }
  return (int64_t)result;
}

SWL_INLINE int64_t swl_modulo(int64_t x, int64_t y) {
  if (y == 0 || y == -1) return 0;
  int64_t rest = x % y;
  return rest != 0 && (rest ^ y) < 0 ? rest + y : rest;
}

SWL_INLINE float swl_modulo_float(float x, float y) {
  float rest = fmodf(x, y);
  return rest != 0.0f && (rest < 0.0f) != (y < 0.0f) ? rest + y : rest;
}

#define EACH(expression)                                                                                               \
  for (int64_t i = 0; i < count; i++) {                                                                                \
    const int64_t x = left[i], y = right[i];                                                                           \
    const uint64_t u = (uint64_t)x, v = (uint64_t)y;                                                                   \
    (void)x, (void)y, (void)u, (void)v;                                                                                \
    value[i] = (int64_t)(expression);                                                                                  \
  }                                                                                                                    \
  break

// Numbers that 64 signed bits hold, which is all types but uint64; and what doesn't ask for the sign.
SWL_INLINE void swl_combine_signed(int32_t operation, const int64_t *restrict left, const int64_t *restrict right, int64_t *restrict value, int64_t count) {
  switch ((enum swl_arithmetic_operation)operation) {
  case SWL_WHOLE_ADD: EACH(u + v);
  case SWL_WHOLE_SUBTRACT: EACH(u - v);
  case SWL_WHOLE_MULTIPLY: EACH(u * v);
  case SWL_WHOLE_DIVIDE: EACH(y == 0 ? 0 : y == -1 ? (int64_t)(0 - u) : x / y);
  case SWL_MODULO: EACH(swl_modulo(x, y));
  case SWL_REMAINDER: EACH(y == 0 || y == -1 ? 0 : x % y);
  case SWL_WHOLE_MINIMUM: EACH(y < x ? y : x);
  case SWL_WHOLE_MAXIMUM: EACH(y > x ? y : x);
  case SWL_WHOLE_POWER: EACH(swl_raised(x, y));
  case SWL_BITWISE_AND: EACH(x & y);
  case SWL_BITWISE_OR: EACH(x | y);
  case SWL_BITWISE_XOR: EACH(x ^ y);
  case SWL_SHIFT_LEFT: EACH(v < 64 ? u << v : 0);
  case SWL_SHIFT_RIGHT: EACH(x >> (v < 64 ? v : 63));
  case SWL_LOGICAL_AND: EACH(x != 0 && y != 0);
  case SWL_LOGICAL_OR: EACH(x != 0 || y != 0);
  case SWL_LOGICAL_XOR: EACH((x != 0) != (y != 0));
  case SWL_EQUAL: EACH(x == y);
  case SWL_NOT_EQUAL: EACH(x != y);
  case SWL_LESS: EACH(x < y);
  case SWL_LESS_OR_EQUAL: EACH(x <= y);
  case SWL_GREATER: EACH(x > y);
  case SWL_GREATER_OR_EQUAL: EACH(x >= y);
  }
}

SWL_INLINE void swl_combine_uint64(int32_t operation, const int64_t *restrict left, const int64_t *restrict right, int64_t *restrict value, int64_t count) {
  switch ((enum swl_arithmetic_operation)operation) {
  case SWL_WHOLE_DIVIDE: EACH(v == 0 ? 0 : u / v);
  case SWL_MODULO:
  case SWL_REMAINDER: EACH(v == 0 ? 0 : u % v);
  case SWL_WHOLE_MINIMUM: EACH(v < u ? v : u);
  case SWL_WHOLE_MAXIMUM: EACH(v > u ? v : u);
  case SWL_WHOLE_POWER: EACH(swl_raised_unsigned(u, v));
  case SWL_SHIFT_RIGHT: EACH(v < 64 ? u >> v : 0);
  case SWL_LESS: EACH(u < v);
  case SWL_LESS_OR_EQUAL: EACH(u <= v);
  case SWL_GREATER: EACH(u > v);
  case SWL_GREATER_OR_EQUAL: EACH(u >= v);
  default: swl_combine_signed(operation, left, right, value, count);
  }
}

#undef EACH

SWL_INLINE void swl_combine_whole(int32_t operation, int32_t type, const int64_t *restrict left, const int64_t *restrict right, int64_t *restrict value,
                                  int64_t count) {
  if (type == SWL_UINT64) {
    swl_combine_uint64(operation, left, right, value, count);
  } else {
    swl_combine_signed(operation, left, right, value, count);
  }
}

#define EACH(expression)                                                                                               \
  for (int64_t i = 0; i < count; i++) {                                                                                \
    const float x = left[i * left_stride], y = right[i * right_stride];                                                \
    ((OUTPUT *)output)[i] = (expression);                                                                              \
  }                                                                                                                    \
  break

SWL_INLINE void swl_combine_floats(int32_t operation, const float *left, int64_t left_stride, const float *right, int64_t right_stride, void *output,
                               int64_t count) {
  switch ((enum swl_arithmetic_operation)operation) {
#define OUTPUT float
  case SWL_MODULO: EACH(swl_modulo_float(x, y));
  case SWL_REMAINDER: EACH(fmodf(x, y));
#undef OUTPUT
#define OUTPUT uint8_t
  case SWL_EQUAL: EACH(x == y);
  case SWL_NOT_EQUAL: EACH(x != y);
  case SWL_LESS: EACH(x < y);
  case SWL_LESS_OR_EQUAL: EACH(x <= y);
  case SWL_GREATER: EACH(x > y);
  case SWL_GREATER_OR_EQUAL: EACH(x >= y);
#undef OUTPUT
  default: break;
  }
}

#undef EACH

// MARK: one operand

#define EACH(expression)                                                                                               \
  for (int64_t i = 0; i < count; i++) {                                                                                \
    const int64_t x = lanes[i];                                                                                        \
    lanes[i] = (int64_t)(expression);                                                                                  \
  }                                                                                                                    \
  break

SWL_INLINE void swl_map_whole(int32_t function, bool is_uint64, int64_t *lanes, int64_t count) {
  switch ((enum swl_mapping_function)function) {
  case SWL_WHOLE_NEGATE: EACH(0 - (uint64_t)x);
  case SWL_WHOLE_ABSOLUTE: EACH(x < 0 && !is_uint64 ? 0 - (uint64_t)x : (uint64_t)x);
  case SWL_WHOLE_SIGN: EACH(is_uint64 ? x != 0 : (x > 0) - (x < 0));
  case SWL_BITWISE_NOT: EACH(~x);
  case SWL_LOGICAL_NOT: EACH(x == 0);
  default: break;
  }
}

#undef EACH
#define EACH(expression)                                                                                               \
  for (int64_t i = 0; i < count; i++) {                                                                                \
    const float x = input[i];                                                                                          \
    output[i] = (expression);                                                                                          \
  }                                                                                                                    \
  break

SWL_INLINE void swl_map_floats(int32_t function, const float *input, uint8_t *output, int64_t count) {
  switch ((enum swl_mapping_function)function) {
  case SWL_IS_NAN: EACH(x != x);
  case SWL_IS_INFINITE: EACH(x == INFINITY || x == -INFINITY);
  case SWL_IS_POSITIVE_INFINITY: EACH(x == INFINITY);
  case SWL_IS_NEGATIVE_INFINITY: EACH(x == -INFINITY);
  default: break;
  }
}

#undef EACH

// MARK: updates

SWL_INLINE void swl_scatter_floats(int32_t reduction, const float *update, float *output, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const float x = output[i], y = update[i];
    switch ((enum swl_scatter_reduction)reduction) {
    case SWL_SCATTER_NONE: output[i] = y; break;
    case SWL_SCATTER_ADD: output[i] = x + y; break;
    case SWL_SCATTER_MULTIPLY: output[i] = x * y; break;
    case SWL_SCATTER_MINIMUM: output[i] = x != x ? x : (y < x || y != y ? y : x); break;
    case SWL_SCATTER_MAXIMUM: output[i] = x != x ? x : (y > x || y != y ? y : x); break;
    }
  }
}

SWL_INLINE void swl_scatter_whole(int32_t reduction, bool is_uint64, const int64_t *restrict update, int64_t *restrict value, int64_t count) {
  const int64_t flip = is_uint64 ? INT64_MIN : 0;
  for (int64_t i = 0; i < count; i++) {
    const int64_t x = value[i], y = update[i];
    switch ((enum swl_scatter_reduction)reduction) {
    case SWL_SCATTER_NONE: value[i] = y; break;
    case SWL_SCATTER_ADD: value[i] = (int64_t)((uint64_t)x + (uint64_t)y); break;
    case SWL_SCATTER_MULTIPLY: value[i] = (int64_t)((uint64_t)x * (uint64_t)y); break;
    case SWL_SCATTER_MINIMUM: value[i] = (y ^ flip) < (x ^ flip) ? y : x; break;
    case SWL_SCATTER_MAXIMUM: value[i] = (y ^ flip) > (x ^ flip) ? y : x; break;
    }
  }
}

SWL_INLINE void swl_scatter_run(const struct swl_scatter *a, const uint8_t *update, uint8_t *output, int64_t count) {
  if (a->reduction == SWL_SCATTER_NONE) {
    memmove(output, update, (size_t)(count * a->element_size));
  } else if (a->type == SWL_FLOAT32) {
    swl_scatter_floats(a->reduction, (const float *)update, (float *)output, count);
  } else {
    for (int64_t first = 0; first < count; first += SWL_LANES) {
      int64_t x[SWL_LANES], y[SWL_LANES], length = swl_minimum(SWL_LANES, count - first), offset = first * a->element_size;
      swl_load_whole(a->type, output + offset, 1, length, x);
      swl_load_whole(a->type, update + offset, 1, length, y);
      swl_scatter_whole(a->reduction, a->type == SWL_UINT64, y, x, length);
      swl_store_whole(a->type, x, length, output + offset);
    }
  }
}

// MARK: reductions

#define EACH(expression)                                                                                               \
  for (int64_t i = 0; i < count; i++) {                                                                                \
    const int64_t x = values[i], total = totals[i];                                                                    \
    const uint64_t u = (uint64_t)x, sum = (uint64_t)total;                                                             \
    (void)x, (void)total, (void)u, (void)sum;                                                                          \
    totals[i] = (int64_t)(expression);                                                                                 \
  }                                                                                                                    \
  break

// `flip` turns the order of 64 unsigned bits into that of signed ones.
SWL_INLINE void swl_accumulate_whole(int32_t kind, int64_t flip, const int64_t *restrict values, int64_t *restrict totals, int64_t count) {
  switch ((enum swl_reduction_kind)kind) {
  case SWL_MEAN:
  case SWL_SUM: EACH(sum + u);
  case SWL_SUM_OF_SQUARES:
  case SWL_EUCLIDEAN_NORM: EACH(sum + u * u);
  case SWL_PRODUCT: EACH(sum * u);
  case SWL_ABSOLUTE_SUM: EACH(sum + (x < 0 && flip == 0 ? 0 - u : u));
  case SWL_REDUCE_MAXIMUM: EACH((x ^ flip) > (total ^ flip) ? x : total);
  case SWL_REDUCE_MINIMUM: EACH((x ^ flip) < (total ^ flip) ? x : total);
  case SWL_LOG_SUM_EXP: break;
  }
}

#undef EACH

SWL_INLINE void swl_finish_whole(const struct swl_reduction *a, int64_t *totals, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const uint64_t sum = (uint64_t)totals[i];
    if (a->kind == SWL_MEAN) {
      totals[i] = a->type == SWL_UINT64 ? (int64_t)(sum / (uint64_t)a->reduced) : totals[i] / a->reduced;
    } else if (a->kind == SWL_EUCLIDEAN_NORM) {
      // At most 2^32, the square root of 64 bits.
      totals[i] = (int64_t)sqrt((double)sum);
    }
  }
}

#endif
