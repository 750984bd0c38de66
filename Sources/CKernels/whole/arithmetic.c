#include "../shared/elements.h"
#include "../shared/kernels.h"

#include <math.h>

// Wraps around; the exponent is not negative.
SWL_INLINE int64_t raised(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent & 1 ? -1 : 1) : 0;
  uint64_t result = 1, square = (uint64_t)base;
  for (; exponent != 0; exponent >>= 1) {
    result *= exponent & 1 ? square : 1;
    square *= square;
  }
  return (int64_t)result;
}

// Unlike signed numbers, 64 unsigned bits may make an exponent that looks negative.
SWL_INLINE int64_t raised_unsigned(uint64_t base, uint64_t exponent) {
  uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1) {
    result *= exponent & 1 ? base : 1;
    base *= base;
  }
  return (int64_t)result;
}

SWL_INLINE int64_t modulo(int64_t x, int64_t y) {
  if (y == 0 || y == -1) return 0;
  int64_t rest = x % y;
  return rest != 0 && (rest ^ y) < 0 ? rest + y : rest;
}

SWL_INLINE float modulo_float(float x, float y) {
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
SWL_INLINE void combine(int32_t operation, const int64_t *restrict left, const int64_t *restrict right, int64_t *restrict value, int64_t count) {
  switch ((enum swl_arithmetic_operation)operation) {
  case SWL_WHOLE_ADD: EACH(u + v);
  case SWL_WHOLE_SUBTRACT: EACH(u - v);
  case SWL_WHOLE_MULTIPLY: EACH(u * v);
  case SWL_WHOLE_DIVIDE: EACH(y == 0 ? 0 : y == -1 ? (int64_t)(0 - u) : x / y);
  case SWL_MODULO: EACH(modulo(x, y));
  case SWL_REMAINDER: EACH(y == 0 || y == -1 ? 0 : x % y);
  case SWL_WHOLE_MINIMUM: EACH(y < x ? y : x);
  case SWL_WHOLE_MAXIMUM: EACH(y > x ? y : x);
  case SWL_WHOLE_POWER: EACH(raised(x, y));
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

SWL_INLINE void combine_uint64(int32_t operation, const int64_t *restrict left, const int64_t *restrict right, int64_t *restrict value, int64_t count) {
  switch ((enum swl_arithmetic_operation)operation) {
  case SWL_WHOLE_DIVIDE: EACH(v == 0 ? 0 : u / v);
  case SWL_MODULO:
  case SWL_REMAINDER: EACH(v == 0 ? 0 : u % v);
  case SWL_WHOLE_MINIMUM: EACH(v < u ? v : u);
  case SWL_WHOLE_MAXIMUM: EACH(v > u ? v : u);
  case SWL_WHOLE_POWER: EACH(raised_unsigned(u, v));
  case SWL_SHIFT_RIGHT: EACH(v < 64 ? u >> v : 0);
  case SWL_LESS: EACH(u < v);
  case SWL_LESS_OR_EQUAL: EACH(u <= v);
  case SWL_GREATER: EACH(u > v);
  case SWL_GREATER_OR_EQUAL: EACH(u >= v);
  default: combine(operation, left, right, value, count);
  }
}

#undef EACH

#define EACH(expression)                                                                                               \
  for (int64_t i = 0; i < count; i++) {                                                                                \
    const float x = left[i * left_stride], y = right[i * right_stride];                                                \
    ((OUTPUT *)output)[i] = (expression);                                                                              \
  }                                                                                                                    \
  break

SWL_INLINE void combine_floats(int32_t operation, const float *left, int64_t left_stride, const float *right, int64_t right_stride, void *output,
                               int64_t count) {
  switch ((enum swl_arithmetic_operation)operation) {
#define OUTPUT float
  case SWL_MODULO: EACH(modulo_float(x, y));
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

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_arithmetic *a = arguments;
  (void)scratch;
  const int32_t last = a->axes.axes - 1;
  const int64_t left_stride = a->axes.first_strides[last], right_stride = a->axes.second_strides[last];
  const int64_t size = swl_element_size(a->type), output_size = swl_element_size(a->output_type);
  for (int64_t item = begin; item < end; item++) {
    struct swl_runs run = swl_broadcast_run(&a->axes, item);
    const uint8_t *left = (const uint8_t *)a->left + run.first * size, *right = (const uint8_t *)a->right + run.second * size;
    uint8_t *output = (uint8_t *)a->output + run.output * output_size;
    if (a->type == SWL_FLOAT32) {
      combine_floats(a->operation, (const float *)left, left_stride, (const float *)right, right_stride, output, run.count);
      continue;
    }
    for (int64_t first = 0; first < run.count; first += SWL_LANES) {
      int64_t x[SWL_LANES], y[SWL_LANES], value[SWL_LANES], count = swl_minimum(SWL_LANES, run.count - first);
      swl_load_whole(a->type, left + first * left_stride * size, left_stride, count, x);
      swl_load_whole(a->type, right + first * right_stride * size, right_stride, count, y);
      if (a->type == SWL_UINT64) {
        combine_uint64(a->operation, x, y, value, count);
      } else {
        combine(a->operation, x, y, value, count);
      }
      swl_store_whole(a->output_type, value, count, output + first * output_size);
    }
  }
}

SWL_INSTANTIATE(swl_arithmetic, body)
