// The walk over one kernel's tiles of bytes for float data that is rounded row by row. Include after defining
//   ROUNDED, TARGET, ROWS, COLUMNS, ELEMENT      the kernel's name and its tile, ROWS even
//   LEVEL(level)                                 a level's byte, 0…255, as the tile wants it
//   PANEL_BYTES(b)                               bytes of one packed panel
//   BYTE_TILE(rows, a, stride, panel, depth, sums): sums[rows][COLUMNS] = the exact sums of levels times weights
// The bytes of an element stand in rows of their own, the upper before the lower.

TARGET static void round_rows(const float *x, int64_t stride, int64_t rows, int64_t depth, int64_t padded, const int planes, ELEMENT *to, struct rounded_row *ret) {
  const float levels = planes == 1 ? 255.0f : 65535.0f;
  for (int64_t row = 0; row < rows; row++, x += stride, to += planes * padded) {
    float inverse;
    ret[row] = rounding_of(x, depth, levels, &inverse);
    const float least = ret[row].least;
    if (planes == 1) {
      for (int64_t i = 0; i < depth; i++) to[i] = LEVEL(rounded_level(x[i], least, inverse, levels));
    } else {
      ELEMENT *restrict upper = to, *restrict lower = to + padded;
      for (int64_t i = 0; i < depth; i++) {
        const int32_t level = rounded_level(x[i], least, inverse, levels);
        upper[i] = LEVEL(level >> 8);
        lower[i] = LEVEL(level & 255);
      }
    }
    for (int plane = 0; plane < planes; plane++) {
      for (int64_t i = depth; i < padded; i++) to[plane * padded + i] = LEVEL(0);
    }
  }
}

// One row's sums, of the upper bytes and, with two planes, of the lower ones, to the row's output.
TARGET SWL_INLINE void finish_rounded(const struct swl_convolution_rounded *c, const struct rounded_row *row, const int32_t *restrict sums, int64_t channel, int64_t columns,
                                      int64_t element) {
  float values[COLUMNS];
  const float *restrict scales = c->scales + channel, *restrict offsets = c->offsets + channel;
  const float step = row->step, least = row->least;
  if (c->planes == 1) {
    for (int64_t i = 0; i < columns; i++) values[i] = (float)sums[i] * (step * scales[i]) + least * offsets[i];
  } else {
    for (int64_t i = 0; i < columns; i++) {
      values[i] = ((float)sums[i] * 256.0f + (float)sums[COLUMNS + i]) * (step * scales[i]) + least * offsets[i];
    }
  }
  swl_finish_row(&c->epilogue, values, channel, columns, element, c->output);
}

TARGET void ROUNDED(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_convolution_rounded *c = arguments;
  const struct swl_blocking *b = &c->blocking;
  const int64_t planes = c->planes, padded = b->padded_depth, panel_size = PANEL_BYTES(b);
  int32_t *sums = scratch;
  struct rounded_row *levels = (struct rounded_row *)(void *)(sums + ROWS * COLUMNS);
  ELEMENT *bytes = (ELEMENT *)(void *)(levels + (b->rows_per_block + 7) / 8 * 8);
  float *gathered = (float *)(void *)((char *)bytes + (b->rows_per_block * planes * padded * (int64_t)sizeof(ELEMENT) + 127) / 64 * 64);
  for (int64_t item = begin; item < end; item++) {
    const int64_t split = item % b->column_splits, block = item / b->column_splits % b->row_blocks, group = item / b->column_splits / b->row_blocks;
    const int64_t first_row = block * b->rows_per_block, rows = swl_minimum(b->rows_per_block, b->rows - first_row);
    const int64_t first_panel = split * b->panels_per_split, last_panel = swl_minimum(first_panel + b->panels_per_split, b->panels);
    const float *x = gathered;
    int64_t stride = padded;
    if (c->is_pointwise) {
      stride = c->window.input_channels;
      x = c->input + first_row * stride + group * b->group_inputs;
    } else {
      gather_floats(&c->window, b, false, c->input, group, first_row, rows, gathered);
    }
    if (planes == 1) {
      round_rows(x, stride, rows, b->depth, padded, 1, bytes, levels);
    } else {
      round_rows(x, stride, rows, b->depth, padded, 2, bytes, levels);
    }
    for (int64_t panel = first_panel; panel < last_panel; panel++) {
      const int8_t *weights = c->weights + (group * b->panels + panel) * panel_size;
      const int64_t column = panel * COLUMNS, columns = swl_minimum(COLUMNS, b->group_outputs - column), channel = group * b->group_outputs + column;
      for (int64_t row = 0; row < rows; row += ROWS / planes) {
        const int64_t count = swl_minimum(ROWS / planes, rows - row);
        BYTE_TILE(count * planes, bytes + row * planes * padded, padded, weights, padded, sums);
        for (int64_t i = 0; i < count; i++) {
          const int64_t element = (first_row + row + i) * c->window.output_channels + channel;
          finish_rounded(c, &levels[row + i], sums + i * planes * COLUMNS, channel, columns, element);
        }
      }
    }
  }
}

#undef ROUNDED
#undef LEVEL
#undef PANEL_BYTES
#undef BYTE_TILE
