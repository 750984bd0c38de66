// The walk over one kernel's tiles. Include after defining
//   KERNEL, TARGET, ROWS, COLUMNS
//   ELEMENT              what a gathered row consists of: int16_t with the zero point taken off, or bytes
//   GATHER(c, group, first_row, rows, packed, stride): the first row, and sets the elements from one to the next
//   PANEL_SIZE(b)        bytes of one packed panel
//   TILE(c, rows, a, stride, panel, depth, sums): sums[rows][COLUMNS] = the exact sums without bias
//   REQUANTISE           as swl_requantise_row

TARGET void KERNEL(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_convolution_q8 *c = arguments;
  const struct swl_blocking *b = &c->blocking;
  int32_t *sums = scratch;
  ELEMENT *packed = (ELEMENT *)((char *)scratch + (ROWS * COLUMNS * 4 + 63) / 64 * 64);
  const int64_t panel_size = PANEL_SIZE(b);
  for (int64_t item = begin; item < end; item++) {
    int64_t split = item % b->column_splits, block = item / b->column_splits % b->row_blocks, group = item / b->column_splits / b->row_blocks;
    int64_t first_row = block * b->rows_per_block, rows = swl_minimum(b->rows_per_block, b->rows - first_row);
    int64_t first_panel = split * b->panels_per_split, last_panel = swl_minimum(first_panel + b->panels_per_split, b->panels);
    int64_t stride = b->padded_depth;
    const ELEMENT *a = GATHER(c, group, first_row, rows, packed, &stride);
    for (int64_t panel = first_panel; panel < last_panel; panel++) {
      const int8_t *weights = c->weights + (group * b->panels + panel) * panel_size;
      int64_t column = panel * COLUMNS, columns = swl_minimum(COLUMNS, b->group_outputs - column);
      int64_t channel = group * b->group_outputs + column;
      for (int64_t row = 0; row < rows; row += ROWS) {
        int64_t count = swl_minimum(ROWS, rows - row);
        TILE(c, count, a + row * stride, stride, weights, b->padded_depth, sums);
        for (int64_t i = 0; i < count; i++) {
          int64_t element = (first_row + row + i) * c->window.output_channels + channel;
          REQUANTISE(&c->requantisation, sums + i * COLUMNS, channel, columns, element, c->output);
        }
      }
    }
  }
}

#undef KERNEL
#undef TARGET
#undef ROWS
#undef COLUMNS
#undef ELEMENT
#undef GATHER
#undef PANEL_SIZE
#undef TILE
#undef REQUANTISE
