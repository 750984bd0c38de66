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

// Both ends of each run; those of `size` bytes overlap in the middle. `size` is at least one `type` and at most two.
#define SHORT_RUNS(type)                                                                                               \
  for (int64_t i = 0; i < count; i++, input += input_step, output += output_step) {                                    \
    type start, end;                                                                                                   \
    memcpy(&start, input, sizeof start);                                                                               \
    memcpy(&end, input + size - (int64_t)sizeof end, sizeof end);                                                      \
    memcpy(output, &start, sizeof start);                                                                              \
    memcpy(output + size - (int64_t)sizeof end, &end, sizeof end);                                                     \
  }                                                                                                                    \
  return

// Runs at even distances: what a run of few bytes takes is decided once for all of them.
SWL_INLINE void copy_short_runs(const uint8_t *input, int64_t input_step, uint8_t *output, int64_t output_step, int64_t size, int64_t count) {
  if (size == 8) {
    for (int64_t i = 0; i < count; i++) memcpy(output + i * output_step, input + i * input_step, 8);
    return;
  }
  if (size == 4) {
    for (int64_t i = 0; i < count; i++) memcpy(output + i * output_step, input + i * input_step, 4);
    return;
  }
  if (size > 8) {
    SHORT_RUNS(uint64_t);
  } else if (size > 4) {
    SHORT_RUNS(uint32_t);
  } else if (size > 1) {
    SHORT_RUNS(uint16_t);
  }
  SHORT_RUNS(uint8_t);
}

// Rows that a transposition writes at a time: as many elements lie side by side in the input.
#define TOGETHER 16

typedef uint8_t sixteen_bytes __attribute__((vector_size(16)));

// 16 × 16 bytes: interleaving each vector with the eighth behind it, four times over, transposes them.
SWL_INLINE void transpose_bytes(const uint8_t *input, int64_t input_stride, uint8_t *output, int64_t output_stride) {
  sixteen_bytes rows[16], mixed[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) memcpy(&rows[i], input + i * input_stride, 16);
#pragma GCC unroll 4
  for (int turn = 0; turn < 4; turn++) {
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
      mixed[2 * i] = __builtin_shufflevector(rows[i], rows[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      mixed[2 * i + 1] = __builtin_shufflevector(rows[i], rows[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) rows[i] = mixed[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) memcpy(output + i * output_stride, &rows[i], 16);
}

// Two rows of sixteen bytes alternating, as a shuffle of two groups of channels has them.
SWL_INLINE void alternate_bytes(const uint8_t *input, int64_t input_stride, uint8_t *output) {
  sixteen_bytes rows[2], mixed[2];
  memcpy(&rows[0], input, 16);
  memcpy(&rows[1], input + input_stride, 16);
  mixed[0] = __builtin_shufflevector(rows[0], rows[1], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  mixed[1] = __builtin_shufflevector(rows[0], rows[1], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  memcpy(output, mixed, sizeof mixed);
}

// Columns first..<count one by one: elements that lie side by side go to a row each.
#define SPREAD(type)                                                                                                   \
  for (int64_t i = first; i < count; i++) {                                                                            \
    const type *from = (const type *)input + i * input_stride;                                                         \
    type *to = (type *)output + i;                                                                                     \
    for (int64_t row = 0; row < rows; row++) to[row * output_stride] = from[row];                                      \
  }                                                                                                                    \
  break

SWL_INLINE void transpose_rows(const uint8_t *input, int64_t input_stride, uint8_t *output, int64_t output_stride, int64_t rows, int64_t count,
                               int32_t element_size) {
  int64_t first = 0;
  if (element_size == 1 && rows == TOGETHER && count == 2 && output_stride == 2) return alternate_bytes(input, input_stride, output);
  if (element_size == 1 && rows == TOGETHER) {
    for (; first + 16 <= count; first += 16) transpose_bytes(input + first * input_stride, input_stride, output + first, output_stride);
  }
  switch (element_size) {
  case 1: SPREAD(uint8_t);
  case 2: SPREAD(uint16_t);
  case 4: SPREAD(uint32_t);
  default: SPREAD(uint64_t);
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
  const bool transposes = last > 0 && a->output_strides[last] == 1 && a->input_strides[last] != 1 && a->input_strides[last - 1] == 1;
  const int64_t run = (int64_t)a->extents[last] * a->element_size;
  const bool has_short_runs = last > 0 && run <= SHORT_RUN && a->output_strides[last] == 1 && a->input_strides[last] == 1;
  for (int64_t item = begin; item < end; item++) {
    const int64_t rows = transposes && chunk == 0 ? swl_minimum(swl_minimum(TOGETHER, a->extents[last - 1] - indices[last - 1]), (end - item) / a->chunks) : 0;
    if (has_short_runs) {
      const int64_t count = swl_minimum(a->extents[last - 1] - indices[last - 1], end - item), input_step = a->input_strides[last - 1],
          output_step = a->output_strides[last - 1];
      copy_short_runs(a->input + input * a->element_size, input_step * a->element_size, a->output + output * a->element_size,
                      output_step * a->element_size, run, count);
      input += (count - 1) * input_step, output += (count - 1) * output_step, indices[last - 1] += count - 1;
      item += count - 1;
    } else if (rows > 1) {
      // Rows whose elements lie side by side in the input: read once for all of them.
      transpose_rows(a->input + input * a->element_size, a->input_strides[last], a->output + output * a->element_size, a->output_strides[last - 1], rows,
                     a->extents[last], a->element_size);
      input += rows - 1, output += (rows - 1) * a->output_strides[last - 1], indices[last - 1] += rows - 1;
      item += rows * a->chunks - 1, chunk = a->chunks - 1;
    } else {
      int64_t first = chunk * SWL_CHUNK;
      copy_run(a->input + (input + first * a->input_strides[last]) * a->element_size, a->input_strides[last],
               a->output + (output + first * a->output_strides[last]) * a->element_size, a->output_strides[last],
               swl_minimum(SWL_CHUNK, a->extents[last] - first), a->element_size);
    }
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
