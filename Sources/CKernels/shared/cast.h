// Any element type to any other.
#ifndef SWL_CAST_H
#define SWL_CAST_H

#include "elements.h"
#include "half.h"

// What lies between two types: whole numbers in 64 bits, or the doubles that hold every floating-point type exactly.
union swl_lanes {
  int64_t whole[SWL_LANES];
  double real[SWL_LANES];
};

SWL_INLINE bool swl_is_floating(int32_t type) { return type == SWL_FLOAT32 || type == SWL_FLOAT16 || type == SWL_FLOAT64; }

#define EACH(expression)                                                                                               \
  for (int64_t i = 0; i < count; i++) to[i] = (expression);                                                            \
  break

SWL_INLINE void swl_load_real(int32_t type, const void *input, int64_t count, double *restrict to) {
  switch ((enum swl_element_type)type) {
  case SWL_FLOAT32: EACH((double)((const float *)input)[i]);
  case SWL_FLOAT16: EACH((double)swl_half_to_float(((const uint16_t *)input)[i]));
  default: EACH(((const double *)input)[i]);
  }
}

SWL_INLINE void swl_store_real(int32_t type, const double *restrict lanes, int64_t count, void *output) {
  if (type == SWL_FLOAT32) {
    for (int64_t i = 0; i < count; i++) ((float *)output)[i] = (float)lanes[i];
  } else if (type == SWL_FLOAT16) {
    for (int64_t i = 0; i < count; i++) ((uint16_t *)output)[i] = swl_double_to_half(lanes[i]);
  } else {
    memcpy(output, lanes, (size_t)count * sizeof(double));
  }
}

#undef EACH

// The bounds, as doubles, between which truncation stays in the type; from the upper one on it saturates.
SWL_INLINE int64_t swl_truncated(double x, double lower, double upper, int64_t lowest, int64_t highest) {
  if (x != x) return 0;
  if (x <= lower) return lowest;
  if (x >= upper) return highest;
  return (int64_t)x;
}

SWL_INLINE int64_t swl_truncated_uint64(double x) {
  if (x != x || x <= 0.0) return 0;
  if (x >= 18446744073709551616.0) return -1;
  return (int64_t)(uint64_t)x;
}

SWL_INLINE void swl_round_to_whole(int32_t type, union swl_lanes *lanes, int64_t count) {
  if (type == SWL_BOOL) {
    for (int64_t i = 0; i < count; i++) lanes->whole[i] = lanes->real[i] != 0.0;
    return;
  }
  if (type == SWL_UINT64) {
    for (int64_t i = 0; i < count; i++) lanes->whole[i] = swl_truncated_uint64(lanes->real[i]);
    return;
  }
  const int32_t bits = 8 * (int32_t)swl_element_size(type);
  const bool is_signed = type == SWL_INT8 || type == SWL_INT16 || type == SWL_INT32 || type == SWL_INT64;
  const int64_t highest = (int64_t)(is_signed ? UINT64_MAX >> (65 - bits) : UINT64_MAX >> (64 - bits)), lowest = is_signed ? -highest - 1 : 0;
  const double upper = is_signed && bits == 64 ? 9223372036854775808.0 : (double)highest, lower = (double)lowest;
  for (int64_t i = 0; i < count; i++) lanes->whole[i] = swl_truncated(lanes->real[i], lower, upper, lowest, highest);
}

// Straight from 64 bits, since doubles hold 53 only.
SWL_INLINE void swl_store_whole_as_real(int32_t type, bool is_uint64, const int64_t *restrict lanes, int64_t count, void *output) {
  for (int64_t i = 0; i < count; i++) {
    const uint64_t bits = (uint64_t)lanes[i];
    if (type == SWL_FLOAT32) {
      ((float *)output)[i] = is_uint64 ? (float)bits : (float)lanes[i];
    } else if (type == SWL_FLOAT64) {
      ((double *)output)[i] = is_uint64 ? (double)bits : (double)lanes[i];
    } else {
      // What doubles would round is infinite here long before.
      ((uint16_t *)output)[i] = swl_double_to_half(is_uint64 ? (double)bits : (double)lanes[i]);
    }
  }
}

// At most SWL_LANES elements.
SWL_INLINE void swl_cast_run(int32_t type, int32_t output_type, const void *input, void *output, int64_t count) {
  union swl_lanes lanes;
  if (type == SWL_FLOAT32 && output_type == SWL_FLOAT16) {
    const float *restrict from = (const float *)input;
    uint16_t *restrict to = (uint16_t *)output;
    for (int64_t i = 0; i < count; i++) to[i] = swl_float_to_half(from[i]);
    return;
  }
  if (swl_is_floating(type)) {
    swl_load_real(type, input, count, lanes.real);
    if (swl_is_floating(output_type)) {
      swl_store_real(output_type, lanes.real, count, output);
      return;
    }
    swl_round_to_whole(output_type, &lanes, count);
  } else {
    swl_load_whole(type, input, 1, count, lanes.whole);
    if (swl_is_floating(output_type)) {
      swl_store_whole_as_real(output_type, type == SWL_UINT64, lanes.whole, count, output);
      return;
    }
  }
  swl_store_whole(output_type, lanes.whole, count, output);
}

#endif
