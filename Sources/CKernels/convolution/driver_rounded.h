// The walk over one kernel's tiles of levels for float data that is rounded row by row. Include after defining
//   ROUNDED, TARGET, ROWS, COLUMNS, ELEMENT      the kernel's name and its tile, ROWS even where two rows serve one
//   LEVEL(level)                                 a level's byte, 0…255, as the tile wants it
//   PANEL_BYTES(b)                               bytes of one packed panel
//   LEVEL_TILE(rows, a, stride, panel, depth, sums): sums[rows][COLUMNS] = the exact sums of levels times weights
// The bytes of an element stand in rows of their own, the upper before the lower; where WORD(level) is defined, which makes a word of
// 0…65535, one row of words serves instead, and so does
//   WORD_TILE(rows, a, stride, panel, depth, sums): the same sums, each rounded once to a float

#ifdef WORD
#define ROWS_OF(planes) 1
#else
#define ROWS_OF(planes) (planes)
#endif

TARGET static void round_rows(const float *x, int64_t stride, int64_t rows, int64_t depth, int64_t padded, const int planes, ELEMENT *to,
                              struct rounded_row *ret) {
  const float levels = planes == 1 ? 255.0f : 65535.0f;
  for (int64_t row = 0; row < rows; row++, x += stride, to += ROWS_OF(planes) * padded) {
    float inverse;
    ret[row] = rounding_of(x, depth, levels, &inverse);
    const float least = ret[row].least;
    if (planes == 1) {
      for (int64_t i = 0; i < depth; i++) to[i] = LEVEL(rounded_level(x[i], least, inverse, levels));
      for (int64_t i = depth; i < padded; i++) to[i] = LEVEL(0);
      continue;
    }
#ifdef WORD
    for (int64_t i = 0; i < depth; i++) to[i] = WORD(rounded_level(x[i], least, inverse, levels));
    for (int64_t i = depth; i < padded; i++) to[i] = WORD(0);
#else
    ELEMENT *restrict upper = to, *restrict lower = to + padded;
    for (int64_t i = 0; i < depth; i++) {
      const int32_t level = rounded_level(x[i], least, inverse, levels);
      upper[i] = LEVEL(level >> 8);
      lower[i] = LEVEL(level & 255);
    }
    for (int64_t i = depth; i < padded; i++) upper[i] = lower[i] = LEVEL(0);
#endif
  }
}

// Exact sums of a tile's rows, rounded once to floats.
TARGET SWL_INLINE void sum_levels(const int planes, int64_t rows, const ELEMENT *a, int64_t stride, const int8_t *panel, int64_t depth, int32_t *sums,
                                  float *totals) {
#ifdef WORD
  if (planes == 2) {
    WORD_TILE(rows, a, stride, panel, depth, totals);
    return;
  }
#endif
  LEVEL_TILE(rows * planes, a, stride, panel, depth, sums);
  if (planes == 1) {
    for (int64_t i = 0; i < rows * COLUMNS; i++) totals[i] = (float)sums[i];
    return;
  }
  for (int64_t row = 0; row < rows; row++) {
    const int32_t *restrict upper = sums + 2 * row * COLUMNS, *restrict lower = upper + COLUMNS;
    for (int i = 0; i < COLUMNS; i++) totals[row * COLUMNS + i] = (float)((double)upper[i] * 256.0 + (double)lower[i]);
  }
}

// What a row's sums are worth. `columns` is a constant where a panel is whole.
TARGET SWL_INLINE void scale_levels(const struct swl_convolution_rounded *c, const struct rounded_row *row, int64_t channel, int64_t columns,
                                    float *restrict totals) {
  const float *restrict scales = c->scales + channel, *restrict offsets = c->offsets + channel;
  const float step = row->step, least = row->least;
  for (int64_t i = 0; i < columns; i++) totals[i] = totals[i] * (step * scales[i]) + least * offsets[i];
}

// One panel with the rows of a block.
TARGET SWL_INLINE void multiply_levels(const struct swl_convolution_rounded *c, const int planes, int64_t first_row, int64_t rows, const ELEMENT *a,
                                       const struct rounded_row *levels, const int8_t *weights, int64_t channel, int64_t columns, int32_t *sums) {
  const int64_t padded = c->blocking.padded_depth, stride = ROWS_OF(planes) * padded, pixel = c->window.output_channels, step = ROWS / ROWS_OF(planes);
  float totals[ROWS * COLUMNS];
  for (int64_t row = 0; row < rows; row += step) {
    const int64_t count = swl_minimum(step, rows - row);
    sum_levels(planes, count, a + row * stride, padded, weights, padded, sums, totals);
    for (int64_t i = 0; i < count; i++) {
      if (columns == COLUMNS) {
        scale_levels(c, &levels[row + i], channel, COLUMNS, totals + i * COLUMNS);
      } else {
        scale_levels(c, &levels[row + i], channel, columns, totals + i * COLUMNS);
      }
    }
    swl_finish_tile(&c->epilogue, totals, count, COLUMNS, channel, columns, (first_row + row) * pixel + channel, pixel, c->output);
  }
}

TARGET void ROUNDED(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_convolution_rounded *c = arguments;
  const struct swl_blocking *b = &c->blocking;
  const int64_t padded = b->padded_depth, panel_size = PANEL_BYTES(b);
  int32_t *sums = scratch;
  struct rounded_row *levels = (struct rounded_row *)(void *)(sums + ROWS * COLUMNS);
  ELEMENT *elements = (ELEMENT *)(void *)(levels + (b->rows_per_block + 7) / 8 * 8);
  float *gathered = (float *)(void *)((char *)elements + (b->rows_per_block * ROWS_OF(c->planes) * padded * (int64_t)sizeof(ELEMENT) + 127) / 64 * 64);
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
    if (c->planes == 1) {
      round_rows(x, stride, rows, b->depth, padded, 1, elements, levels);
    } else {
      round_rows(x, stride, rows, b->depth, padded, 2, elements, levels);
    }
    for (int64_t panel = first_panel; panel < last_panel; panel++) {
      const int8_t *weights = c->weights + (group * b->panels + panel) * panel_size;
      const int64_t column = panel * COLUMNS, columns = swl_minimum(COLUMNS, b->group_outputs - column), channel = group * b->group_outputs + column;
      if (c->planes == 1) {
        multiply_levels(c, 1, first_row, rows, elements, levels, weights, channel, columns, sums);
      } else {
        multiply_levels(c, 2, first_row, rows, elements, levels, weights, channel, columns, sums);
      }
    }
  }
}

#undef ROUNDED
#undef LEVEL
#undef PANEL_BYTES
#undef LEVEL_TILE
#undef ROWS_OF
#undef WORD
#undef WORD_TILE
