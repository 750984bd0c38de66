// The walks over one kernel's tiles: convolution, and the product of two computed matrices. Include after defining
// CONVOLUTION, PRODUCT (the kernels' names), TARGET, ROWS, COLUMNS and TILE(rows, a, stride, panel, depth, sums):
// sums[rows][COLUMNS] = a[rows][depth] · panel[depth][COLUMNS].

TARGET void CONVOLUTION(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_convolution_f32 *c = arguments;
  const struct swl_blocking *b = &c->blocking;
  float *sums = scratch;
  float *packed = (float *)((char *)scratch + (ROWS * COLUMNS * 4 + 63) / 64 * 64);
  const int64_t panel_size = b->padded_depth * COLUMNS, narrow_size = swl_narrow_panel_size(&c->narrow, b->depth, COLUMNS);
  float *expanded = (float *)((char *)scratch + (swl_gathered_size(b, ROWS, COLUMNS, 4) + 63) / 64 * 64);
  for (int64_t item = begin; item < end; item++) {
    int64_t split = item % b->column_splits, block = item / b->column_splits % b->row_blocks, group = item / b->column_splits / b->row_blocks;
    int64_t first_row = block * b->rows_per_block, rows = swl_minimum(b->rows_per_block, b->rows - first_row);
    int64_t first_panel = split * b->panels_per_split, last_panel = swl_minimum(first_panel + b->panels_per_split, b->panels);
    const float *a = packed;
    int64_t stride = b->padded_depth;
    if (c->is_pointwise) {
      stride = c->window.input_channels;
      a = c->input + first_row * stride + group * b->group_inputs;
    } else {
      gather_rows(&c->window, b, false, c->input, group, first_row, rows, packed);
    }
    for (int64_t panel = first_panel; panel < last_panel; panel++) {
      int64_t column = panel * COLUMNS, columns = swl_minimum(COLUMNS, b->group_outputs - column);
      int64_t channel = group * b->group_outputs + column;
      const float *weights = expanded;
      if (c->narrow.bits == 0) {
        weights = c->weights + (group * b->panels + panel) * panel_size;
      } else {
        const uint8_t *narrow = c->narrow.panels + (group * b->panels + panel) * narrow_size;
        // By the number of all rows, so that no division among threads changes a bit.
        if (b->rows == 1) {
          swl_narrow_row(&c->narrow, b->depth, COLUMNS, narrow, a, sums);
          swl_finish_row(&c->epilogue, sums, channel, columns, first_row * c->window.output_channels + channel, c->output);
          continue;
        }
        swl_expand_panel(&c->narrow, b->depth, COLUMNS, narrow, expanded);
      }
      for (int64_t row = 0; row < rows; row += ROWS) {
        int64_t count = swl_minimum(ROWS, rows - row);
        TILE(count, a + row * stride, stride, weights, b->depth, sums);
        const int64_t pixel = c->window.output_channels;
        swl_finish_tile(&c->epilogue, sums, count, COLUMNS, channel, columns, (first_row + row) * pixel + channel, pixel, c->output);
      }
    }
  }
}

TARGET void PRODUCT(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_matrix_product *p = arguments;
  float sums[ROWS * COLUMNS];
  for (int64_t item = begin; item < end; item++) {
    int64_t index = item / p->panels, column = item % p->panels * COLUMNS;
    const float *left = p->left + index * p->left_batch_stride;
    float *output = p->output + index * p->m * p->n + column;
    size_t width = (size_t)swl_minimum(COLUMNS, p->n - column) * sizeof(float);
    pack_panel(p, p->right + index * p->right_batch_stride, column, COLUMNS, scratch);
    for (int64_t row = 0; row < p->m; row += ROWS) {
      int64_t count = swl_minimum(ROWS, p->m - row);
      TILE(count, left + row * p->k, p->k, scratch, p->k, sums);
      for (int64_t i = 0; i < count; i++) memcpy(output + (row + i) * p->n, sums + i * COLUMNS, width);
    }
  }
}

#undef CONVOLUTION
#undef PRODUCT
#undef TARGET
#undef ROWS
#undef COLUMNS
#undef TILE
