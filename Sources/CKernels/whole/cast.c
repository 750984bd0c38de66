#include "../shared/elements.h"
#include "../shared/half.h"
#include "../shared/kernels.h"

// What lies between two types: whole numbers in 64 bits, or the doubles that hold every floating-point type exactly.
union lanes {
  int64_t whole[SWL_LANES];
  double real[SWL_LANES];
};

SWL_INLINE bool is_floating(int32_t type) { return type == SWL_FLOAT32 || type == SWL_FLOAT16 || type == SWL_FLOAT64; }

#define EACH(expression)                                                                                               \
  for (int64_t i = 0; i < count; i++) to[i] = (expression);                                                            \
  break

SWL_INLINE void load_real(int32_t type, const void *input, int64_t count, double *restrict to) {
  switch ((enum swl_element_type)type) {
  case SWL_FLOAT32: EACH((double)((const float *)input)[i]);
  case SWL_FLOAT16: EACH((double)swl_half_to_float(((const uint16_t *)input)[i]));
  default: EACH(((const double *)input)[i]);
  }
}

SWL_INLINE void store_real(int32_t type, const double *restrict lanes, int64_t count, void *output) {
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
SWL_INLINE int64_t truncated(double x, double lower, double upper, int64_t lowest, int64_t highest) {
  if (x != x) return 0;
  if (x <= lower) return lowest;
  if (x >= upper) return highest;
  return (int64_t)x;
}

SWL_INLINE int64_t truncated_uint64(double x) {
  if (x != x || x <= 0.0) return 0;
  if (x >= 18446744073709551616.0) return -1;
  return (int64_t)(uint64_t)x;
}

SWL_INLINE void round_to_whole(int32_t type, union lanes *lanes, int64_t count) {
  if (type == SWL_BOOL) {
    for (int64_t i = 0; i < count; i++) lanes->whole[i] = lanes->real[i] != 0.0;
    return;
  }
  if (type == SWL_UINT64) {
    for (int64_t i = 0; i < count; i++) lanes->whole[i] = truncated_uint64(lanes->real[i]);
    return;
  }
  const int32_t bits = 8 * (int32_t)swl_element_size(type);
  const bool is_signed = type == SWL_INT8 || type == SWL_INT16 || type == SWL_INT32 || type == SWL_INT64;
  const int64_t highest = (int64_t)(is_signed ? UINT64_MAX >> (65 - bits) : UINT64_MAX >> (64 - bits)), lowest = is_signed ? -highest - 1 : 0;
  const double upper = is_signed && bits == 64 ? 9223372036854775808.0 : (double)highest, lower = (double)lowest;
  for (int64_t i = 0; i < count; i++) lanes->whole[i] = truncated(lanes->real[i], lower, upper, lowest, highest);
}

// Straight from 64 bits, since doubles hold 53 only.
SWL_INLINE void store_whole_as_real(int32_t type, bool is_uint64, const int64_t *restrict lanes, int64_t count, void *output) {
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

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_cast *a = arguments;
  (void)scratch;
  const int64_t size = swl_element_size(a->type), output_size = swl_element_size(a->output_type), last = swl_minimum(end * SWL_CHUNK, a->count);
  for (int64_t first = begin * SWL_CHUNK; first < last; first += SWL_LANES) {
    union lanes lanes;
    int64_t count = swl_minimum(SWL_LANES, last - first);
    const uint8_t *input = (const uint8_t *)a->input + first * size;
    uint8_t *output = (uint8_t *)a->output + first * output_size;
    if (is_floating(a->type)) {
      load_real(a->type, input, count, lanes.real);
      if (is_floating(a->output_type)) {
        store_real(a->output_type, lanes.real, count, output);
        continue;
      }
      round_to_whole(a->output_type, &lanes, count);
    } else {
      swl_load_whole(a->type, input, 1, count, lanes.whole);
      if (is_floating(a->output_type)) {
        store_whole_as_real(a->output_type, a->type == SWL_UINT64, lanes.whole, count, output);
        continue;
      }
    }
    swl_store_whole(a->output_type, lanes.whole, count, output);
  }
}

SWL_INSTANTIATE(swl_cast, body)
