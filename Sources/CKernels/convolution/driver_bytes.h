// The walk over blocks of kernels that read windows where they lie. Include after defining
//   KERNEL, TARGET
//   TABLE                type of a prepared table
//   PREPARE(r, table)    the prepared table of a requantisation, or its gates; NULL where it has neither
//   MULTIPLY(c, source, first_row, rows, group, first_panel, last_panel, table): rows of a block with panels, to stored bytes

TARGET void KERNEL(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_convolution_q8 *c = arguments;
  const struct swl_window *w = &c->window;
  const struct swl_blocking *b = &c->blocking;
  const int32_t padding = c->input_flip + c->input_zero_point;
  TABLE table;
  const TABLE *prepared = PREPARE(&c->requantisation, &table);
  for (int64_t item = begin; item < end; item++) {
    int64_t split = item % b->column_splits, block = item / b->column_splits % b->row_blocks, group = item / b->column_splits / b->row_blocks;
    int64_t first_row = block * b->rows_per_block, rows = swl_minimum(b->rows_per_block, b->rows - first_row);
    int64_t first_panel = split * b->panels_per_split, last_panel = swl_minimum(first_panel + b->panels_per_split, b->panels);
    if (b->strip_pitch == 0) {
      struct row_source source = {.stride = b->padded_depth};
      source.first = gather_as_bytes(c, group, first_row, rows, scratch, &source.stride, c->input_flip, padding);
      MULTIPLY(c, &source, first_row, rows, group, first_panel, last_panel, prepared);
      continue;
    }
    int32_t *offsets = scratch;
    uint8_t *strip = (uint8_t *)scratch + (b->rows_per_block * 4 + 63) / 64 * 64;
    const int64_t pixels = (int64_t)w->output_height * w->output_width, step = (int64_t)w->stride_width * w->input_channels;
    // One image at a time.
    for (int64_t count; rows > 0; first_row += count, rows -= count) {
      const int64_t image = first_row / pixels, pixel = first_row % pixels, first_line = pixel / w->output_width;
      count = swl_minimum(rows, pixels - pixel);
      copy_strip(c, image, first_line, (pixel + count - 1) / w->output_width + 1 - first_line, strip, c->input_flip, padding);
      int64_t x = pixel % w->output_width, line = 0;
      for (int64_t i = 0; i < count; i++) {
        offsets[i] = (int32_t)(line + x * step);
        if (++x == w->output_width) x = 0, line += w->stride_height * b->strip_pitch;
      }
      const struct row_source source = {.first = strip, .offsets = offsets};
      MULTIPLY(c, &source, first_row, count, group, first_panel, last_panel, prepared);
    }
  }
}

#undef KERNEL
#undef TARGET
#undef TABLE
#undef PREPARE
#undef MULTIPLY
