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

// A run of few bytes, as the pixels of an image with three channels are, costs less by itself than the call of a function.
#define SHORT_RUN 16

SWL_INLINE void copy_run(const uint8_t *input, int64_t input_stride, uint8_t *output, int64_t output_stride, int64_t count, int32_t element_size) {
  if (input_stride == 1 && output_stride == 1) {
    int64_t size = count * element_size;
    if (size > SHORT_RUN) {
      memmove(output, input, (size_t)size);
    } else if (size >= 8) {
      // Both ends are read before either is written.
      uint64_t start, end;
      memcpy(&start, input, 8);
      memcpy(&end, input + size - 8, 8);
      memcpy(output, &start, 8);
      memcpy(output + size - 8, &end, 8);
    } else if (size >= 4) {
      uint32_t start, end;
      memcpy(&start, input, 4);
      memcpy(&end, input + size - 4, 4);
      memcpy(output, &start, 4);
      memcpy(output + size - 4, &end, 4);
    } else if (size >= 2) {
      uint16_t start;
      memcpy(&start, input, 2);
      uint8_t end = input[size - 1];
      memcpy(output, &start, 2);
      output[size - 1] = end;
    } else if (size == 1) {
      *output = *input;
    }
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
  if (begin >= end) return;
  // Where the first item begins; from there on the axes are counted up, which takes no division.
  int64_t chunk = begin % a->chunks, position = begin / a->chunks, input = 0, output = 0, indices[SWL_MAXIMUM_AXES];
  for (int32_t axis = last - 1; axis >= 0; axis--) {
    indices[axis] = position % a->extents[axis];
    position /= a->extents[axis];
    input += indices[axis] * a->input_strides[axis];
    output += indices[axis] * a->output_strides[axis];
  }
  for (int64_t item = begin; item < end; item++) {
    int64_t first = chunk * SWL_CHUNK;
    copy_run(a->input + (input + first * a->input_strides[last]) * a->element_size, a->input_strides[last],
             a->output + (output + first * a->output_strides[last]) * a->element_size, a->output_strides[last],
             swl_minimum(SWL_CHUNK, a->extents[last] - first), a->element_size);
    if (++chunk < a->chunks) continue;
    chunk = 0;
    for (int32_t axis = last - 1; axis >= 0; axis--) {
      input += a->input_strides[axis];
      output += a->output_strides[axis];
      if (++indices[axis] < a->extents[axis]) break;
      input -= a->extents[axis] * a->input_strides[axis];
      output -= a->extents[axis] * a->output_strides[axis];
      indices[axis] = 0;
    }
  }
}

SWL_INSTANTIATE(swl_copy, body)
