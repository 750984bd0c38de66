// What every kernel of the family includes: the gathering of windows into rows. Two forms: int16 with the zero point taken
// off, so that padding is 0 and signed and unsigned inputs meet the same tiles; and bytes as they are but for one flip, for
// instructions that multiply bytes, where padding is the zero point and each column's weight sum makes up for it.
#ifndef SWL_CONVOLUTION_Q8_H
#define SWL_CONVOLUTION_Q8_H

#include "../shared/epilogue.h"
#include "../shared/kernels.h"
#include "../shared/window.h"

SWL_INLINE void widen(int16_t *restrict to, const uint8_t *restrict from, int64_t count, int32_t flip, int32_t offset) {
  const uint8_t mask = (uint8_t)flip;
  const int16_t shift = (int16_t)offset;
  for (int64_t i = 0; i < count; i++) to[i] = (int16_t)((int16_t)(uint8_t)(from[i] ^ mask) - shift);
}

// Rows are gathered in ascending order, and 16 bytes behind the last one are free: a run may write up to 15 bytes more than it has.
SWL_INLINE void flip_bytes(uint8_t *restrict to, const uint8_t *restrict from, int64_t count, int32_t flip, const uint8_t *end) {
  const uint8_t mask = (uint8_t)flip;
  if (count <= 16 && end - from >= 16) {
    for (int i = 0; i < 16; i++) to[i] = from[i] ^ mask;
    return;
  }
  if (end - from >= count + 15) {
    for (int64_t first = 0; first < count; first += 16) {
      for (int i = 0; i < 16; i++) to[first + i] = from[first + i] ^ mask;
    }
    return;
  }
  for (int64_t i = 0; i < count; i++) to[i] = from[i] ^ mask;
}

SWL_INLINE void clear_bytes(uint8_t *to, int64_t count, int32_t padding) {
  if (count <= 8) {
    memset(to, padding, 8);
  } else {
    memset(to, padding, (size_t)count);
  }
}

#define GATHER_NAME gather_words
#define GATHER_SOURCE uint8_t
#define GATHER_ELEMENT int16_t
#define GATHER_ARGUMENTS , int32_t flip, int32_t offset
#define GATHER_RUN(to, from, count) widen(to, from, count, flip, offset)
#define GATHER_CLEAR(to, count) memset(to, 0, (size_t)(count) * sizeof(int16_t))
#include "gather.h"

#define GATHER_NAME gather_bytes
#define GATHER_SOURCE uint8_t
#define GATHER_ELEMENT uint8_t
#define GATHER_ARGUMENTS , int32_t flip, int32_t padding
#define GATHER_RUN(to, from, count) flip_bytes(to, from, count, flip, end)
#define GATHER_CLEAR(to, count) clear_bytes(to, count, padding)
#include "gather.h"

SWL_INLINE const int16_t *gather_as_words(const struct swl_convolution_q8 *c, int64_t group, int64_t first_row, int64_t rows, int16_t *packed,
                                          int64_t *stride) {
  (void)stride;
  gather_words(&c->window, &c->blocking, c->is_pointwise, c->input, group, first_row, rows, packed, c->input_flip, c->input_flip + c->input_zero_point);
  return packed;
}

// `flip` brings stored bytes to the signedness that the instruction wants, in which the zero point is `padding`. Rows that
// are already as wanted are read where they lie.
SWL_INLINE const uint8_t *gather_as_bytes(const struct swl_convolution_q8 *c, int64_t group, int64_t first_row, int64_t rows, uint8_t *packed, int64_t *stride,
                                          int32_t flip, int32_t padding) {
  const struct swl_blocking *b = &c->blocking;
  if (c->is_pointwise && flip == 0 && b->depth == b->padded_depth) {
    *stride = c->window.input_channels;
    return c->input + first_row * *stride + group * b->group_inputs;
  }
  gather_bytes(&c->window, b, c->is_pointwise, c->input, group, first_row, rows, packed, flip, padding);
  return packed;
}

// Copies the image's lines that `lines` lines of output from `first_line` on read, with their padding (see swl_blocking).
SWL_INLINE void copy_strip(const struct swl_convolution_q8 *c, int64_t image, int64_t first_line, int64_t lines, uint8_t *to, int32_t flip, int32_t padding) {
  const struct swl_window *w = &c->window;
  const int64_t pixel = w->input_channels, pitch = c->blocking.strip_pitch, line_bytes = w->input_width * pixel;
  const int64_t left = swl_minimum(w->pad_left * pixel, pitch), inside = swl_minimum(line_bytes, pitch - left), right = pitch - left - inside;
  const int64_t top = first_line * w->stride_height - w->pad_top, count = (lines - 1) * w->stride_height + w->kernel_height;
  const uint8_t mask = (uint8_t)flip, *source = c->input + image * w->input_height * line_bytes;
  for (int64_t y = top; y < top + count; y++, to += pitch) {
    if (y < 0 || y >= w->input_height) {
      memset(to, padding, (size_t)pitch);
      continue;
    }
    const uint8_t *restrict from = source + y * line_bytes;
    uint8_t *restrict middle = to + left;
    memset(to, padding, (size_t)left);
    for (int64_t i = 0; i < inside; i++) middle[i] = from[i] ^ mask;
    memset(middle + inside, padding, (size_t)right);
  }
}

// Rows of one block: `stride` bytes apart, or at offsets of their own.
struct row_source {
  const uint8_t *first;
  int64_t stride;
  const int32_t *offsets; // NULL: by stride
};

SWL_INLINE const uint8_t *row_at(const struct row_source *source, int64_t row) {
  return source->first + (source->offsets ? source->offsets[row] : row * source->stride);
}

// Of panels without weight sums.
#define SWL_PANEL_SIZE(b) ((b)->padded_depth * COLUMNS)
// Of panels followed by an int32 weight sum for each column.
#define SWL_SUMMED_PANEL_SIZE(b) ((b)->padded_depth * COLUMNS + COLUMNS * 4)

#endif
