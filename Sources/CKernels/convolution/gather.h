// Gathers the windows of output pixels into rows of one length: taps in order, the group's channels within a tap. Include
// after defining GATHER_NAME, GATHER_SOURCE, GATHER_ELEMENT, GATHER_ARGUMENTS (further parameters),
// GATHER_RUN(to, from, count) and GATHER_CLEAR(to, count); `end` is the input's.

SWL_INLINE void GATHER_NAME(const struct swl_window *w, const struct swl_blocking *b, bool is_pointwise, const GATHER_SOURCE *input, int64_t group,
                            int64_t first_row, int64_t rows, GATHER_ELEMENT *packed GATHER_ARGUMENTS) {
  const int64_t channels = b->group_inputs, pixel = w->input_channels, rest = b->padded_depth - b->depth;
  const GATHER_SOURCE *const end = input + (int64_t)w->batch * w->input_height * w->input_width * pixel;
  (void)end;
  if (is_pointwise) {
    const GATHER_SOURCE *from = input + first_row * pixel + group * channels;
    if (channels == pixel && rest == 0) {
      GATHER_RUN(packed, from, rows * channels);
      return;
    }
    for (int64_t row = 0; row < rows; row++, from += pixel, packed += b->padded_depth) {
      GATHER_RUN(packed, from, channels);
      if (rest > 0) GATHER_CLEAR(packed + channels, rest);
    }
    return;
  }
  const bool taps_touch = w->dilation_width == 1 && b->groups == 1;
  const int64_t pixels = (int64_t)w->output_height * w->output_width;
  int64_t image = first_row / pixels, y = first_row % pixels / w->output_width, x = first_row % pixels % w->output_width;
  const int64_t run = w->kernel_width * channels, row_pixels = (int64_t)w->dilation_height * w->input_width * pixel;
  const int64_t last_left = w->input_width - w->kernel_width, last_top = w->input_height - 1 - (int64_t)(w->kernel_height - 1) * w->dilation_height;
  // Output columns first_inside..<outside have all their taps inside the image.
  const int64_t first_inside = (w->pad_left + w->stride_width - 1) / w->stride_width;
  const int64_t outside = last_left < 0 ? 0 : swl_minimum((last_left + w->pad_left) / w->stride_width + 1, w->output_width);
  for (int64_t row = 0; row < rows;) {
    if (x == w->output_width) {
      x = 0;
      if (++y == w->output_height) y = 0, image++;
    }
    const GATHER_SOURCE *source = input + image * w->input_height * w->input_width * pixel + group * channels;
    int64_t top = y * w->stride_height - w->pad_top, left = x * w->stride_width - w->pad_left;
    GATHER_ELEMENT *to = packed;
    if (taps_touch && x >= first_inside && x < outside && top >= 0 && top <= last_top) {
      const int64_t count = swl_minimum(outside - x, rows - row), step = w->stride_width * pixel;
      const GATHER_SOURCE *from = source + (top * w->input_width + left) * pixel;
      for (int64_t i = 0; i < count; i++, from += step, packed += b->padded_depth) {
        to = packed;
        const GATHER_SOURCE *line = from;
        for (int32_t tap = 0; tap < w->kernel_height; tap++, to += run, line += row_pixels) GATHER_RUN(to, line, run);
        if (rest > 0) GATHER_CLEAR(to, rest);
      }
      row += count, x += count;
      continue;
    }
    packed += b->padded_depth, row++, x++;
    struct swl_taps columns = swl_taps_inside(left, w->kernel_width, w->dilation_width, w->input_width);
    int64_t before = columns.first * channels, inside = columns.last - columns.first, after = (w->kernel_width - columns.last) * channels;
    for (int32_t tap = 0; tap < w->kernel_height; tap++) {
      int64_t source_row = top + (int64_t)tap * w->dilation_height;
      if (source_row < 0 || source_row >= w->input_height || inside == 0) {
        GATHER_CLEAR(to, run);
        to += run;
        continue;
      }
      const GATHER_SOURCE *from = source + (source_row * w->input_width + left + (int64_t)columns.first * w->dilation_width) * pixel;
      if (before > 0) GATHER_CLEAR(to, before);
      to += before;
      if (taps_touch) {
        GATHER_RUN(to, from, inside * channels);
        to += inside * channels;
      } else {
        for (int64_t i = 0; i < inside; i++, to += channels) GATHER_RUN(to, from + i * w->dilation_width * pixel, channels);
      }
      if (after > 0) GATHER_CLEAR(to, after);
      to += after;
    }
    if (rest > 0) GATHER_CLEAR(to, rest);
  }
}

#undef GATHER_NAME
#undef GATHER_SOURCE
#undef GATHER_ELEMENT
#undef GATHER_ARGUMENTS
#undef GATHER_RUN
#undef GATHER_CLEAR
