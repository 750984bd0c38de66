// Rows of raw sensor samples as planar bytes: any sample width, black level and gains, and colour filter arrays interpolated
// bilinearly. A template, as read_row.h.

/// Samples of a row, each in 16 bits. Bits above the format's own are ignored, as some drivers leave them undefined.
SWL_TARGET static inline void SWL_VARIANT(unpack_samples)(enum swl_sample_packing packing, int32_t bits, const uint8_t *restrict s, int32_t width,
                                                          uint16_t *restrict out) {
  switch (packing) {
  case SWL_SAMPLES_BYTES:
    for (int32_t x = 0; x < width; x++) out[x] = s[x];
    break;
  case SWL_SAMPLES_WORDS: {
    const uint16_t mask = (uint16_t)((1u << bits) - 1);
    for (int32_t x = 0; x < width; x++) out[x] = (uint16_t)(s[2 * x] | s[2 * x + 1] << 8) & mask;
    break;
  }
  case SWL_SAMPLES_CSI2:
    // MIPI CSI-2: the upper eight bits of some samples, then the rest of all of them from the lowest bit up.
    if (bits == 10) {
      for (int32_t x = 0; x < width; x++) out[x] = (uint16_t)(s[x / 4 * 5 + x % 4] << 2 | (s[x / 4 * 5 + 4] >> (2 * (x % 4)) & 3));
    } else {
      for (int32_t x = 0; x < width; x++) out[x] = (uint16_t)(s[x / 2 * 3 + x % 2] << 4 | (s[x / 2 * 3 + 2] >> (4 * (x % 2)) & 15));
    }
    break;
  }
}

/// Row `y` of samples, with the neighbours that edges lack mirrored, which keeps the filters' order: out[-1] and out[width].
SWL_TARGET static inline const uint16_t *SWL_VARIANT(sample_row)(const struct swl_source *source, struct swl_sample_rows *rows, int32_t y) {
  const int32_t height = source->height, width = source->width;
  if (y < 0) y = -y;
  if (y >= height) y = 2 * height - 2 - y;
  uint16_t *row = rows->samples + (y & 3) * ((ptrdiff_t)width + SWL_SAMPLE_MARGIN) + SWL_SAMPLE_MARGIN / 2;
  if (rows->held[y & 3] != y) {
    SWL_VARIANT(unpack_samples)(source->packing, source->bits, source->plane[0] + y * source->bytes_per_line[0], width, row);
    if (width > 1) {
      row[-1] = row[1];
      row[width] = row[width - 2];
    }
    rows->held[y & 3] = y;
  }
  return row;
}

/// A sum of samples, `shift` bits above a byte, less the sum's black level, times a gain of 256 a whole.
SWL_TARGET static inline uint8_t SWL_VARIANT(level)(int32_t sum, int32_t black, int32_t gain, int32_t shift) {
  const int32_t above = sum > black ? sum - black : 0;
  return swl_pixel_saturated((above * gain) >> (8 + shift));
}

/// Where there are no filters. All planes get the same; green's gain counts.
SWL_TARGET static inline void SWL_VARIANT(read_monochrome)(const struct swl_source *source, const uint16_t *restrict s, uint8_t *restrict l) {
  const int32_t black = source->black_level, gain = source->gain[1], shift = source->bits - 8;
  for (int32_t x = 0; x < source->width; x++) l[x] = SWL_VARIANT(level)(s[x], black, gain, shift);
}

/// Bilinear interpolation: a pixel has its own sample for its own colour, and for the others the mean of its two or four nearest
/// samples of that colour. `here` is the colour beside green in this row, `there` that of the rows above and below; `first` whether the
/// row's first pixel is `here`'s.
SWL_TARGET static inline void SWL_VARIANT(read_filters)(
    const struct swl_source *source, const uint16_t *restrict up, const uint16_t *restrict row, const uint16_t *restrict down, int first, int32_t gain_here,
    int32_t gain_there, uint8_t *restrict here, uint8_t *restrict green, uint8_t *restrict there) {
  const int32_t width = source->width, black = 4 * source->black_level, gain = source->gain[1], shift = source->bits - 8 + 2;
  const int32_t odd = first ? 0 : 1;
  for (int32_t x = 0; x < width; x++) {
    const int32_t across = row[x - 1] + row[x + 1], along = up[x] + down[x], corners = up[x - 1] + up[x + 1] + down[x - 1] + down[x + 1];
    const int32_t own = 4 * row[x];
    const int is_here = (x & 1) == odd;
    here[x] = SWL_VARIANT(level)(is_here ? own : 2 * across, black, gain_here, shift);
    green[x] = SWL_VARIANT(level)(is_here ? across + along : own, black, gain, shift);
    there[x] = SWL_VARIANT(level)(is_here ? corners : 2 * along, black, gain_there, shift);
  }
}

/// Row `y` of a sensor. Luminance of filters is made of the interpolated colours, through `planes[1]` and `planes[2]`, which have room.
SWL_TARGET static inline void SWL_VARIANT(read_sensor)(const struct swl_source *source, struct swl_sample_rows *rows, int32_t y, int32_t channels,
                                                       uint8_t *const planes[3]) {
  const size_t width = (size_t)source->width;
  if (source->pattern == SWL_FILTERS_NONE) {
    SWL_VARIANT(read_monochrome)(source, SWL_VARIANT(sample_row)(source, rows, y), planes[0]);
    if (channels == 1) return;
    __builtin_memcpy(planes[1], planes[0], width);
    __builtin_memcpy(planes[2], planes[0], width);
    return;
  }
  uint8_t *red = planes[0], *green = planes[1], *blue = planes[2];
  if (channels == 1) {
    green = rows->colours;
    blue = rows->colours + width;
  }
  const uint16_t *up = SWL_VARIANT(sample_row)(source, rows, y - 1), *row = SWL_VARIANT(sample_row)(source, rows, y);
  const uint16_t *down = SWL_VARIANT(sample_row)(source, rows, y + 1);
  // Red rows are the even ones of RGGB and GRBG; red stands first in RGGB and GBRG.
  const int begins_red = source->pattern == SWL_FILTERS_RGGB || source->pattern == SWL_FILTERS_GRBG;
  const int is_red = (y & 1) == (begins_red ? 0 : 1);
  const int red_is_even = source->pattern == SWL_FILTERS_RGGB || source->pattern == SWL_FILTERS_GBRG;
  if (is_red) {
    SWL_VARIANT(read_filters)(source, up, row, down, red_is_even, source->gain[0], source->gain[2], red, green, blue);
  } else {
    SWL_VARIANT(read_filters)(source, up, row, down, !red_is_even, source->gain[2], source->gain[0], blue, green, red);
  }
  if (channels == 1) {
    for (size_t x = 0; x < width; x++) red[x] = swl_pixel_luminance_of_colours(red[x], green[x], blue[x]);
  }
}
