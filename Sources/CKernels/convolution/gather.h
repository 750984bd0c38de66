// Gathers the windows of output pixels into rows of one length: taps in order, the group's channels within a tap. Include
// after defining GATHER_SOURCE, GATHER_ELEMENT, GATHER_ARGUMENTS (further parameters), GATHER_RUN(to, from, count) and GATHER_CLEAR(to, count).

SWL_INLINE void gather_rows(const struct swl_window *w, const struct swl_blocking *b, const GATHER_SOURCE *input, int64_t group, int64_t first_row,
                            int64_t rows, GATHER_ELEMENT *packed GATHER_ARGUMENTS) {
  const int64_t channels = b->group_inputs, pixel = w->input_channels;
  const bool taps_touch = w->dilation_width == 1 && b->groups == 1;
  const int64_t pixels = (int64_t)w->output_height * w->output_width;
  for (int64_t row = first_row; row < first_row + rows; row++) {
    int64_t position = row % pixels;
    int64_t top = position / w->output_width * w->stride_height - w->pad_top, left = position % w->output_width * w->stride_width - w->pad_left;
    const GATHER_SOURCE *image = input + row / pixels * w->input_height * w->input_width * pixel + group * channels;
    struct swl_taps columns = swl_taps_inside(left, w->kernel_width, w->dilation_width, w->input_width);
    GATHER_ELEMENT *to = packed;
    for (int32_t y = 0; y < w->kernel_height; y++) {
      int64_t source_row = top + (int64_t)y * w->dilation_height;
      if (source_row < 0 || source_row >= w->input_height || columns.first == columns.last) {
        GATHER_CLEAR(to, w->kernel_width * channels);
        to += w->kernel_width * channels;
        continue;
      }
      GATHER_CLEAR(to, columns.first * channels);
      to += columns.first * channels;
      const GATHER_SOURCE *from = image + (source_row * w->input_width + left + (int64_t)columns.first * w->dilation_width) * pixel;
      int64_t inside = columns.last - columns.first;
      if (taps_touch) {
        GATHER_RUN(to, from, inside * channels);
        to += inside * channels;
      } else {
        for (int64_t x = 0; x < inside; x++) {
          GATHER_RUN(to, from + x * w->dilation_width * pixel, channels);
          to += channels;
        }
      }
      GATHER_CLEAR(to, (w->kernel_width - columns.last) * channels);
      to += (w->kernel_width - columns.last) * channels;
    }
    GATHER_CLEAR(to, b->padded_depth - b->depth);
    packed += b->padded_depth;
  }
}
