// The pass itself. A template, as read_row.h.
/// The source row `y`, resampled to the content's width: channels × content_width sums of 11-bit weights, or where channels are mixed
/// content_width × 4.
SWL_TARGET static inline void SWL_VARIANT(resample_row)(
    const struct swl_preparation *p, const struct swl_source *source, struct swl_sample_rows *rows, int32_t y, int32_t *restrict out) {
  const int32_t width = source->width, columns = p->content_width;
  const ptrdiff_t pitch = (ptrdiff_t)width + 1;
  uint8_t *planes[3] = {p->pixels, p->pixels + pitch, p->pixels + 2 * pitch};
  if (p->channels == 1) planes[1] = planes[2] = planes[0];
  if (p->reverses_channels) {
    planes[0] = p->pixels + 2 * pitch;
    planes[2] = p->pixels;
  }
  SWL_VARIANT(read_row)(source, rows, y, p->channels, planes);
#if SWL_MIXES
  if (p->channels == 3) {
    // The right neighbour of the last column, whose weight is 0.
    for (int32_t c = 0; c < 3; c++) p->pixels[c * pitch + width] = p->pixels[c * pitch + width - 1];
    mix_planes_avx2(p->pixels, pitch, width + 1, p->mixed);
    resample_mixed_avx2(p, p->mixed, out);
    return;
  }
#endif
  for (int32_t c = 0; c < p->channels; c++) {
    uint8_t *restrict s = p->pixels + c * pitch;
    s[width] = s[width - 1];  // the right neighbour of the last column, whose weight is 0
    const int32_t *restrict first = p->x_first;
    const int16_t *restrict weight = p->x_weight;
    int32_t *restrict o = out + (ptrdiff_t)c * columns;
    for (int32_t x = 0; x < columns; x++) o[x] = swl_pixel_between(s[first[x]], s[first[x] + 1], weight[x]);
  }
}

SWL_TARGET static inline void SWL_VARIANT(blend_rows)(
    const int32_t *restrict upper, const int32_t *restrict lower, int32_t weight, int32_t count, uint8_t *restrict out) {
  for (int32_t x = SWL_BLEND(upper, lower, weight, count, out); x < count; x++) out[x] = swl_pixel_blended(upper[x], lower[x], weight);
}

SWL_TARGET static inline void SWL_VARIANT(scatter_bytes)(
    const uint8_t *restrict pixels, const uint8_t *restrict table, int32_t count, int32_t step, uint8_t *restrict out) {
  for (int32_t x = 0; x < count; x++) out[(ptrdiff_t)x * step] = table[pixels[x]];
}

SWL_TARGET static inline void SWL_VARIANT(scatter_floats)(
    const uint8_t *restrict pixels, const float *restrict table, int32_t count, int32_t step, float *restrict out) {
  for (int32_t x = 0; x < count; x++) out[(ptrdiff_t)x * step] = table[pixels[x]];
}

#if SWL_MIXES
/// Three channels, mixed by fours, through their tables.
SWL_TARGET static inline void SWL_VARIANT(write_mixed)(const struct swl_preparation *p, void *tensor, ptrdiff_t pixel) {
  const uint8_t *restrict mixed = p->blended;
  if (p->element_bytes == 4) {
    const float *restrict tables = (const float *)p->tables;
    float *restrict out = (float *)tensor + 3 * pixel;
    for (ptrdiff_t x = 0; x < p->content_width; x++) {
      for (int c = 0; c < 3; c++) out[3 * x + c] = tables[256 * c + mixed[4 * x + c]];
    }
  } else {
    const uint8_t *restrict tables = (const uint8_t *)p->tables;
    uint8_t *restrict out = (uint8_t *)tensor + 3 * pixel;
    for (ptrdiff_t x = 0; x < p->content_width; x++) {
      for (int c = 0; c < 3; c++) out[3 * x + c] = tables[256 * c + mixed[4 * x + c]];
    }
  }
}
#endif

/// Pads `count` pixels from `pixel` on.
SWL_TARGET static inline void SWL_VARIANT(pad)(const struct swl_preparation *p, void *tensor, ptrdiff_t pixel, ptrdiff_t count) {
  const int32_t channels = p->channels;
  for (int32_t c = 0; c < channels; c++) {
    if (p->element_bytes == 4) {
      float *out = (float *)tensor + pixel * channels + c;
      const float value = ((const float *)p->padding)[c];
      for (ptrdiff_t i = 0; i < count; i++) out[i * channels] = value;
    } else {
      uint8_t *out = (uint8_t *)tensor + pixel * channels + c;
      const uint8_t value = ((const uint8_t *)p->padding)[c];
      for (ptrdiff_t i = 0; i < count; i++) out[i * channels] = value;
    }
  }
}

SWL_TARGET static inline void SWL_VARIANT(write_row)(
    const struct swl_preparation *p, const int32_t *upper, const int32_t *lower, int32_t weight, void *tensor, ptrdiff_t pixel) {
  const int32_t channels = p->channels, columns = p->content_width;
#if SWL_MIXES
  if (channels == 3) {
    SWL_VARIANT(blend_rows)(upper, lower, weight, 4 * columns, p->blended);
    SWL_VARIANT(write_mixed)(p, tensor, pixel);
    return;
  }
#endif
  for (int32_t c = 0; c < channels; c++) {
    SWL_VARIANT(blend_rows)(upper + (ptrdiff_t)c * columns, lower + (ptrdiff_t)c * columns, weight, columns, p->blended);
    if (p->element_bytes == 4) {
      SWL_VARIANT(scatter_floats)(p->blended, (const float *)p->tables + 256 * c, columns, channels, (float *)tensor + pixel * channels + c);
    } else {
      SWL_VARIANT(scatter_bytes)(p->blended, (const uint8_t *)p->tables + 256 * c, columns, channels, (uint8_t *)tensor + pixel * channels + c);
    }
  }
}

SWL_TARGET static inline void SWL_VARIANT(prepare)(const struct swl_preparation *p, const struct swl_source *source, void *tensor) {
  const ptrdiff_t width = p->width;
  int32_t held[2] = {-1, -1};  // the source rows that rows[0] and rows[1] hold
  int32_t *rows[2] = {p->rows[0], p->rows[1]};
  struct swl_sample_rows samples = {p->samples, p->colours, {-1, -1, -1, -1}};
  SWL_VARIANT(pad)(p, tensor, 0, width * p->content_y);
  for (int32_t y = 0; y < p->content_height; y++) {
    const int32_t upper = p->y_first[y], weight = p->y_weight[y];
    const int32_t lower = weight == 0 ? upper : upper + 1;
    if (held[0] != upper && held[1] == upper) {
      int32_t *row = rows[0];
      rows[0] = rows[1];
      rows[1] = row;
      held[1] = held[0];
      held[0] = upper;
    }
    if (held[0] != upper) {
      SWL_VARIANT(resample_row)(p, source, &samples, upper, rows[0]);
      held[0] = upper;
    }
    if (lower != upper && held[1] != lower) {
      SWL_VARIANT(resample_row)(p, source, &samples, lower, rows[1]);
      held[1] = lower;
    }
    const ptrdiff_t start = (ptrdiff_t)(p->content_y + y) * width;
    SWL_VARIANT(pad)(p, tensor, start, p->content_x);
    SWL_VARIANT(write_row)(p, rows[0], lower == upper ? rows[0] : rows[1], weight, tensor, start + p->content_x);
    SWL_VARIANT(pad)(p, tensor, start + p->content_x + p->content_width, width - p->content_x - p->content_width);
  }
  const ptrdiff_t done = p->content_y + p->content_height;
  SWL_VARIANT(pad)(p, tensor, done * width, (p->height - done) * width);
}
