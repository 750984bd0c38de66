// Elements of any type on their way to and from 64-bit lanes, in which the families of whole numbers compute.
#ifndef SWL_ELEMENTS_H
#define SWL_ELEMENTS_H

#include "swl_whole.h"
#include "targets.h"

// Elements that pass through the lanes at a time; one for who has a thread for each.
#ifndef SWL_LANES
#define SWL_LANES 256
#endif

SWL_INLINE int64_t swl_element_size(int32_t type) {
  switch ((enum swl_element_type)type) {
  case SWL_UINT8:
  case SWL_INT8:
  case SWL_BOOL: return 1;
  case SWL_FLOAT16:
  case SWL_INT16:
  case SWL_UINT16: return 2;
  case SWL_FLOAT32:
  case SWL_INT32:
  case SWL_UINT32: return 4;
  default: return 8;
  }
}

#define SWL_LOAD(type, expression)                                                                                     \
  {                                                                                                                    \
    const type *from = (const type *)input;                                                                            \
    if (stride == 1) {                                                                                                 \
      for (int64_t i = 0; i < count; i++) {                                                                            \
        type x = from[i];                                                                                              \
        lanes[i] = (expression);                                                                                       \
      }                                                                                                                \
    } else {                                                                                                           \
      for (int64_t i = 0; i < count; i++) {                                                                            \
        type x = from[i * stride];                                                                                     \
        lanes[i] = (expression);                                                                                       \
      }                                                                                                                \
    }                                                                                                                  \
  }                                                                                                                    \
  break

// Whole numbers in 64 bits, bool as 0 or 1; uint64 keeps its bits. `input` is at the first element.
SWL_INLINE void swl_load_whole(int32_t type, const void *input, int64_t stride, int64_t count, int64_t *restrict lanes) {
  switch ((enum swl_element_type)type) {
  case SWL_UINT8: SWL_LOAD(uint8_t, x);
  case SWL_INT8: SWL_LOAD(int8_t, x);
  case SWL_BOOL: SWL_LOAD(uint8_t, x != 0);
  case SWL_INT16: SWL_LOAD(int16_t, x);
  case SWL_UINT16: SWL_LOAD(uint16_t, x);
  case SWL_INT32: SWL_LOAD(int32_t, x);
  case SWL_UINT32: SWL_LOAD(uint32_t, x);
  default: SWL_LOAD(int64_t, x);
  }
}

#undef SWL_LOAD

#define SWL_STORE(type, expression)                                                                                    \
  for (int64_t i = 0; i < count; i++) {                                                                                \
    int64_t x = lanes[i];                                                                                              \
    ((type *)output)[i] = (type)(expression);                                                                          \
  }                                                                                                                    \
  break

// The low bits; bool is whatever isn't 0.
SWL_INLINE void swl_store_whole(int32_t type, const int64_t *restrict lanes, int64_t count, void *output) {
  switch (swl_element_size(type)) {
  case 1:
    if (type == SWL_BOOL) {
      SWL_STORE(uint8_t, x != 0);
    }
    SWL_STORE(uint8_t, x);
  case 2: SWL_STORE(uint16_t, x);
  case 4: SWL_STORE(uint32_t, x);
  default: SWL_STORE(uint64_t, x);
  }
}

#undef SWL_STORE

// A number that orders floats as a whole number would be: −0 and 0 are one, NaN is above all.
SWL_INLINE int64_t swl_float_key(float x) {
  int32_t bits = (int32_t)swl_bits(x + 0.0f);
  int64_t key = bits < 0 ? (int64_t)(bits ^ 0x7FFFFFFF) : (int64_t)bits;
  return x != x ? INT64_MAX : key;
}

// Keys whose greatest is the element sought: the greatest, or the least. NaN is sought before every number.
SWL_INLINE void swl_load_keys(int32_t type, bool finds_least, const void *input, int64_t stride, int64_t count, int64_t *restrict keys) {
  if (type == SWL_FLOAT32) {
    for (int64_t i = 0; i < count; i++) {
      float x = ((const float *)input)[i * stride];
      keys[i] = swl_float_key(finds_least ? -x : x);
    }
    return;
  }
  swl_load_whole(type, input, stride, count, keys);
  const int64_t mask = (type == SWL_UINT64 ? INT64_MIN : 0) ^ (finds_least ? -1 : 0);
  for (int64_t i = 0; i < count; i++) keys[i] ^= mask;
}

// Where one item's run of the last axis lies.
struct swl_runs {
  int64_t first, second, third, output, count;
};

SWL_INLINE struct swl_runs swl_broadcast_run(const struct swl_broadcast *a, int64_t item) {
  const int32_t last = a->axes - 1;
  int64_t start = item % a->chunks * SWL_CHUNK, position = item / a->chunks;
  struct swl_runs run;
  run.first = start * a->first_strides[last];
  run.second = start * a->second_strides[last];
  run.third = start * a->third_strides[last];
  run.output = position * a->extents[last] + start;
  run.count = swl_minimum(SWL_CHUNK, a->extents[last] - start);
  for (int32_t axis = last - 1; axis >= 0; axis--) {
    int64_t index = position % a->extents[axis];
    position /= a->extents[axis];
    run.first += index * a->first_strides[axis];
    run.second += index * a->second_strides[axis];
    run.third += index * a->third_strides[axis];
  }
  return run;
}

#endif
