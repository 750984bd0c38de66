#include "../shared/elements.h"
#include "../shared/kernels.h"

#include <math.h>

#define EACH(expression)                                                                                               \
  for (int64_t i = 0; i < count; i++) {                                                                                \
    const int64_t x = lanes[i];                                                                                        \
    lanes[i] = (int64_t)(expression);                                                                                  \
  }                                                                                                                    \
  break

SWL_INLINE void map_whole(int32_t function, bool is_uint64, int64_t *lanes, int64_t count) {
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

SWL_INLINE void map_floats(int32_t function, const float *input, uint8_t *output, int64_t count) {
  switch ((enum swl_mapping_function)function) {
  case SWL_IS_NAN: EACH(x != x);
  case SWL_IS_INFINITE: EACH(x == INFINITY || x == -INFINITY);
  case SWL_IS_POSITIVE_INFINITY: EACH(x == INFINITY);
  case SWL_IS_NEGATIVE_INFINITY: EACH(x == -INFINITY);
  default: break;
  }
}

#undef EACH

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_mapping *a = arguments;
  (void)scratch;
  const int64_t size = swl_element_size(a->type), output_size = swl_element_size(a->output_type);
  const int64_t last = swl_minimum(end * SWL_CHUNK, a->count);
  if (a->type == SWL_FLOAT32) {
    const int64_t first = begin * SWL_CHUNK;
    map_floats(a->function, (const float *)a->input + first, (uint8_t *)a->output + first, last - first);
    return;
  }
  for (int64_t first = begin * SWL_CHUNK; first < last; first += SWL_LANES) {
    int64_t lanes[SWL_LANES], count = swl_minimum(SWL_LANES, last - first);
    swl_load_whole(a->type, (const uint8_t *)a->input + first * size, 1, count, lanes);
    map_whole(a->function, a->type == SWL_UINT64, lanes, count);
    swl_store_whole(a->output_type, lanes, count, (uint8_t *)a->output + first * output_size);
  }
}

SWL_INSTANTIATE(swl_mapping, body)
