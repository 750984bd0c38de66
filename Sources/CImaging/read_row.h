// Rows of every pixel format as planar bytes, in loops that compilers vectorise. A template: included once for each
// instruction set with these defined:
//   SWL_VARIANT(name), SWL_TARGET
//   SWL_CONVERT_PACKED   does the first pairs of a packed row, and gives how many
//   SWL_BLEND            does the first elements of a blended row, and gives how many
//   SWL_MIXES            whether three channels are resampled together, as columns_avx2.h does

/// Packed 4:2:2: Y at `y0` and `y0 + 2`, U at `u0`, V at `v0` of each four bytes.
SWL_TARGET static inline void SWL_VARIANT(read_packed)(
    const uint8_t *restrict s, int32_t width, const struct swl_colour_coefficients *colour, int y0, int u0, int v0, uint8_t *restrict r,
    uint8_t *restrict g, uint8_t *restrict b) {
  const struct swl_colour_coefficients c = *colour;
  int32_t pairs = width / 2;
  for (int32_t i = SWL_CONVERT_PACKED(s, width, colour, y0, r, g, b); i < pairs; i++) {
    int32_t u = s[4 * i + u0], v = s[4 * i + v0];
    swl_pixel_colours(&c, s[4 * i + y0], u, v, &r[2 * i], &g[2 * i], &b[2 * i]);
    swl_pixel_colours(&c, s[4 * i + y0 + 2], u, v, &r[2 * i + 1], &g[2 * i + 1], &b[2 * i + 1]);
  }
  if (width & 1) {
    int32_t i = pairs;
    swl_pixel_colours(&c, s[4 * i + y0], s[4 * i + u0], s[4 * i + v0], &r[2 * i], &g[2 * i], &b[2 * i]);
  }
}

/// A row of Y and one of interleaved chroma: U at `u0`, V at `v0` of each two bytes.
SWL_TARGET static inline void SWL_VARIANT(read_interleaved)(
    const uint8_t *restrict luma, const uint8_t *restrict chroma, int u0, int v0, int32_t width,
    const struct swl_colour_coefficients *colour, uint8_t *restrict r, uint8_t *restrict g, uint8_t *restrict b) {
  const struct swl_colour_coefficients c = *colour;
  int32_t pairs = width / 2;
  for (int32_t i = 0; i < pairs; i++) {
    int32_t u = chroma[2 * i + u0], v = chroma[2 * i + v0];
    swl_pixel_colours(&c, luma[2 * i], u, v, &r[2 * i], &g[2 * i], &b[2 * i]);
    swl_pixel_colours(&c, luma[2 * i + 1], u, v, &r[2 * i + 1], &g[2 * i + 1], &b[2 * i + 1]);
  }
  if (width & 1) {
    int32_t i = pairs;
    swl_pixel_colours(&c, luma[2 * i], chroma[2 * i + u0], chroma[2 * i + v0], &r[2 * i], &g[2 * i], &b[2 * i]);
  }
}

/// A row each of Y, U and V.
SWL_TARGET static inline void SWL_VARIANT(read_planar)(
    const uint8_t *restrict luma, const uint8_t *restrict cb, const uint8_t *restrict cr, int32_t width,
    const struct swl_colour_coefficients *colour, uint8_t *restrict r, uint8_t *restrict g, uint8_t *restrict b) {
  const struct swl_colour_coefficients c = *colour;
  int32_t pairs = width / 2;
  for (int32_t i = 0; i < pairs; i++) {
    int32_t u = cb[i], v = cr[i];
    swl_pixel_colours(&c, luma[2 * i], u, v, &r[2 * i], &g[2 * i], &b[2 * i]);
    swl_pixel_colours(&c, luma[2 * i + 1], u, v, &r[2 * i + 1], &g[2 * i + 1], &b[2 * i + 1]);
  }
  if (width & 1) {
    int32_t i = pairs;
    swl_pixel_colours(&c, luma[2 * i], cb[i], cr[i], &r[2 * i], &g[2 * i], &b[2 * i]);
  }
}

/// Luminance alone, brought to 0…255.
SWL_TARGET static inline void SWL_VARIANT(read_luminance)(
    const uint8_t *restrict s, int step, int32_t width, const struct swl_colour_coefficients *colour, uint8_t *restrict l) {
  const int16_t offset = colour->y_offset, scale = colour->y_scale;
  for (int32_t i = 0; i < width; i++) l[i] = swl_pixel_luminance(scale, offset, s[step * i]);
}

SWL_TARGET static inline void SWL_VARIANT(read_triplets)(
    const uint8_t *restrict s, int32_t width, uint8_t *restrict p0, uint8_t *restrict p1, uint8_t *restrict p2) {
  for (int32_t i = 0; i < width; i++) {
    p0[i] = s[3 * i];
    p1[i] = s[3 * i + 1];
    p2[i] = s[3 * i + 2];
  }
}

SWL_TARGET static inline void SWL_VARIANT(read_triplet_luminance)(
    const uint8_t *restrict s, int32_t width, int red, int blue, uint8_t *restrict l) {
  for (int32_t i = 0; i < width; i++) l[i] = swl_pixel_luminance_of_colours(s[3 * i + red], s[3 * i + 1], s[3 * i + blue]);
}

SWL_TARGET static inline void SWL_VARIANT(read_luminance_row)(const struct swl_source *source, int32_t y, uint8_t *l) {
  const uint8_t *s = source->plane[0] + y * source->bytes_per_line[0];
  switch (source->format) {
  case SWL_PIXEL_YUYV: SWL_VARIANT(read_luminance)(s, 2, source->width, &source->colour, l); break;
  case SWL_PIXEL_UYVY: SWL_VARIANT(read_luminance)(s + 1, 2, source->width, &source->colour, l); break;
  case SWL_PIXEL_NV12:
  case SWL_PIXEL_NV21:
  case SWL_PIXEL_I420: SWL_VARIANT(read_luminance)(s, 1, source->width, &source->colour, l); break;
  case SWL_PIXEL_GREY: __builtin_memcpy(l, s, (size_t)source->width); break;
  case SWL_PIXEL_RGB24: SWL_VARIANT(read_triplet_luminance)(s, source->width, 0, 2, l); break;
  case SWL_PIXEL_BGR24: SWL_VARIANT(read_triplet_luminance)(s, source->width, 2, 0, l); break;
  case SWL_PIXEL_SENSOR: break;
  }
}

#include "read_sensor.h"

/// Converts row `y` of a source to planar bytes: `channels` 1 gives luminance in `planes[0]`, 3 gives red, green and blue in
/// `planes[0…2]`; `width` bytes each. Chroma is replicated, not interpolated.
SWL_TARGET __attribute__((noinline)) static void SWL_VARIANT(read_row)(
    const struct swl_source *source, struct swl_sample_rows *rows, int32_t y, int32_t channels, uint8_t *const planes[3]) {
  if (source->format == SWL_PIXEL_SENSOR) {
    SWL_VARIANT(read_sensor)(source, rows, y, channels, planes);
    return;
  }
  if (channels == 1) {
    SWL_VARIANT(read_luminance_row)(source, y, planes[0]);
    return;
  }
  uint8_t *r = planes[0], *g = planes[1], *b = planes[2];
  const int32_t width = source->width;
  const struct swl_colour_coefficients *colour = &source->colour;
  const uint8_t *s = source->plane[0] + y * source->bytes_per_line[0];
  const ptrdiff_t half = y / 2;
  switch (source->format) {
  case SWL_PIXEL_YUYV: SWL_VARIANT(read_packed)(s, width, colour, 0, 1, 3, r, g, b); break;
  case SWL_PIXEL_UYVY: SWL_VARIANT(read_packed)(s, width, colour, 1, 0, 2, r, g, b); break;
  case SWL_PIXEL_NV12: SWL_VARIANT(read_interleaved)(s, source->plane[1] + half * source->bytes_per_line[1], 0, 1, width, colour, r, g, b); break;
  case SWL_PIXEL_NV21: SWL_VARIANT(read_interleaved)(s, source->plane[1] + half * source->bytes_per_line[1], 1, 0, width, colour, r, g, b); break;
  case SWL_PIXEL_I420: {
    const uint8_t *cb = source->plane[1] + half * source->bytes_per_line[1];
    const uint8_t *cr = source->plane[2] + half * source->bytes_per_line[2];
    SWL_VARIANT(read_planar)(s, cb, cr, width, colour, r, g, b);
    break;
  }
  case SWL_PIXEL_GREY:
    __builtin_memcpy(r, s, (size_t)width);
    __builtin_memcpy(g, s, (size_t)width);
    __builtin_memcpy(b, s, (size_t)width);
    break;
  case SWL_PIXEL_RGB24: SWL_VARIANT(read_triplets)(s, width, r, g, b); break;
  case SWL_PIXEL_BGR24: SWL_VARIANT(read_triplets)(s, width, b, g, r); break;
  case SWL_PIXEL_SENSOR: break;
  }
}
