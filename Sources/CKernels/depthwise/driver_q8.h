// The walk over output pixels. Include after defining KERNEL, TARGET and SUM(d, taps, tap_count, sums), which fills in one
// pixel's sums and may read taps[tap_count], the padding pixel; and REQUANTISE, as swl_requantise_row.

TARGET void KERNEL(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_depthwise_q8 *d = arguments;
  const struct swl_window *w = &d->window;
  const int64_t tap_count = (int64_t)w->kernel_height * w->kernel_width, channels = w->output_channels;
  const void **taps = scratch;
  int32_t *sums = (int32_t *)((char *)scratch + ((tap_count + 1) * (int64_t)sizeof(void *) + 63) / 64 * 64);
  for (int64_t item = begin; item < end; item++) {
    for (int64_t x = 0; x < w->output_width; x++) {
      find_taps(w, d->input, d->padding, 1, item, x, taps);
      taps[tap_count] = d->padding;
      SUM(d, (const uint8_t *const *)taps, tap_count, sums);
      REQUANTISE(&d->requantisation, sums, 0, channels, (item * w->output_width + x) * channels, d->output);
    }
  }
}

#undef KERNEL
#undef TARGET
#undef SUM
#undef REQUANTISE
