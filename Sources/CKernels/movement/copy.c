#include "../shared/kernels.h"
#include "../shared/targets.h"

#include "swl_movement.h"

#define STRIDED(type)                                                                                                  \
  {                                                                                                                    \
    const type *from = (const type *)input;                                                                            \
    type *to = (type *)output;                                                                                         \
    for (int64_t i = 0; i < count; i++) to[i * output_stride] = from[i * input_stride];                                \
  }                                                                                                                    \
  break

SWL_INLINE void copy_run(const uint8_t *input, int64_t input_stride, uint8_t *output, int64_t output_stride, int64_t count, int32_t element_size) {
  if (input_stride == 1 && output_stride == 1) {
    memmove(output, input, (size_t)(count * element_size));
    return;
  }
  switch (element_size) {
  case 1: STRIDED(uint8_t);
  case 2: STRIDED(uint16_t);
  case 4: STRIDED(uint32_t);
  default: STRIDED(uint64_t);
  }
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_copy *a = arguments;
  (void)scratch;
  const int32_t last = a->axes - 1;
  for (int64_t item = begin; item < end; item++) {
    int64_t first = item % a->chunks * SWL_CHUNK, position = item / a->chunks;
    int64_t input = first * a->input_strides[last], output = first * a->output_strides[last];
    for (int32_t axis = last - 1; axis >= 0; axis--) {
      int64_t index = position % a->extents[axis];
      position /= a->extents[axis];
      input += index * a->input_strides[axis];
      output += index * a->output_strides[axis];
    }
    copy_run(a->input + input * a->element_size, a->input_strides[last], a->output + output * a->element_size, a->output_strides[last],
             swl_minimum(SWL_CHUNK, a->extents[last] - first), a->element_size);
  }
}

SWL_INSTANTIATE(swl_copy, body)
