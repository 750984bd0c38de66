// A frame's pixels to a model's input: a thread each pixel of the input.
#include "device.h"
#include "../../CImaging/shared/pixel.h"

// Red, green and blue, or luminance three times.
struct swl_colour {
  uint8_t r, g, b;
};

SWL_DEVICE const uint8_t *swl_line(const struct swl_source *s, int32_t plane, int32_t y) { return s->plane[plane] + y * (int64_t)s->bytes_per_line[plane]; }

// Luminance alone: planes of chroma aren't brought for it.
SWL_DEVICE uint8_t swl_read_luminance(const struct swl_source *s, int32_t x, int32_t y) {
  const uint8_t *line = swl_line(s, 0, y);
  const int32_t l = s->format == SWL_PIXEL_YUYV ? line[2 * x] : s->format == SWL_PIXEL_UYVY ? line[2 * x + 1] : line[x];
  return swl_pixel_luminance(s->colour.y_scale, s->colour.y_offset, l);
}

// Two pixels of a row share U and V, also in 4:2:0, whose rows share them by twos, too. They are replicated, not interpolated.
SWL_DEVICE struct swl_colour swl_read_yuv(const struct swl_cuda_frame *f, int32_t x, int32_t y) {
  const struct swl_source *s = &f->source;
  const uint8_t *line = swl_line(s, 0, y);
  const int32_t pair = x / 2, half = s->format == SWL_PIXEL_YUYV || s->format == SWL_PIXEL_UYVY ? 0 : f->chroma_rows[y];
  int32_t l, u, v;
  switch (s->format) {
  case SWL_PIXEL_YUYV:
    l = line[2 * x], u = line[4 * pair + 1], v = line[4 * pair + 3];
    break;
  case SWL_PIXEL_UYVY:
    l = line[2 * x + 1], u = line[4 * pair], v = line[4 * pair + 2];
    break;
  case SWL_PIXEL_NV12:
    l = line[x], u = swl_line(s, 1, half)[2 * pair], v = swl_line(s, 1, half)[2 * pair + 1];
    break;
  case SWL_PIXEL_NV21:
    l = line[x], v = swl_line(s, 1, half)[2 * pair], u = swl_line(s, 1, half)[2 * pair + 1];
    break;
  default: // I420
    l = line[x], u = swl_line(s, 1, half)[pair], v = swl_line(s, 2, half)[pair];
    break;
  }
  struct swl_colour p;
  swl_pixel_colours(&s->colour, l, u, v, &p.r, &p.g, &p.b);
  return p;
}

SWL_DEVICE struct swl_colour swl_read_pixel(const struct swl_cuda_frame *f, int32_t channels, int32_t x, int32_t y) {
  const struct swl_source *s = &f->source;
  const uint8_t *line = swl_line(s, 0, y);
  struct swl_colour p;
  switch (s->format) {
  case SWL_PIXEL_GREY:
    p.r = p.g = p.b = line[x];
    return p;
  case SWL_PIXEL_RGB24:
    p.r = line[3 * x], p.g = line[3 * x + 1], p.b = line[3 * x + 2];
    break;
  case SWL_PIXEL_BGR24:
    p.b = line[3 * x], p.g = line[3 * x + 1], p.r = line[3 * x + 2];
    break;
  default:
    if (channels != 1) return swl_read_yuv(f, x, y);
    p.r = p.g = p.b = swl_read_luminance(s, x, y);
    return p;
  }
  if (channels == 1) p.r = p.g = p.b = swl_pixel_luminance_of_colours(p.r, p.g, p.b);
  return p;
}

SWL_DEVICE void swl_write_value(const struct swl_preparation *p, void *tensor, int64_t element, const void *values, int32_t index) {
  if (p->element_bytes == 4) {
    ((float *)tensor)[element] = ((const float *)values)[index];
  } else {
    ((uint8_t *)tensor)[element] = ((const uint8_t *)values)[index];
  }
}

// As the CPU's: between columns first, then between rows, with one rounding at the end.
SWL_DEVICE uint8_t swl_resampled(int32_t top_left, int32_t top_right, int32_t bottom_left, int32_t bottom_right, int32_t across, int32_t down) {
  return swl_pixel_blended(swl_pixel_between(top_left, top_right, across), swl_pixel_between(bottom_left, bottom_right, across), down);
}

extern "C" __global__ void swl_cuda_prepare(const struct swl_cuda_preparation a) {
  const int64_t pixel = swl_thread();
  if (pixel >= a.pixels) return;
  const struct swl_cuda_frame *f = a.frame;
  const struct swl_preparation *p = &f->pass;
  const int32_t channels = p->channels;
  const int32_t line = (int32_t)(pixel / p->width), y = line - p->content_y, x = (int32_t)(pixel - (int64_t)line * p->width) - p->content_x;
  if (x < 0 || x >= p->content_width || y < 0 || y >= p->content_height) {
    for (int32_t c = 0; c < channels; c++) swl_write_value(p, a.tensor, pixel * channels + c, p->padding, c);
    return;
  }
  const int32_t left = p->x_first[x], across = p->x_weight[x], top = p->y_first[y], down = p->y_weight[y];
  // The last column and row have no neighbour, and their weights are 0; so is that of a row whose neighbour wasn't brought.
  const int32_t right = left + 1 < f->source.width ? left + 1 : left, bottom = top + 1 < f->source.height ? top + 1 : top;
  const struct swl_colour top_left = swl_read_pixel(f, channels, left, top), top_right = swl_read_pixel(f, channels, right, top);
  const struct swl_colour bottom_left = swl_read_pixel(f, channels, left, bottom), bottom_right = swl_read_pixel(f, channels, right, bottom);
  const int32_t r = swl_resampled(top_left.r, top_right.r, bottom_left.r, bottom_right.r, across, down);
  if (channels == 1) {
    swl_write_value(p, a.tensor, pixel, p->tables, r);
    return;
  }
  const int32_t g = swl_resampled(top_left.g, top_right.g, bottom_left.g, bottom_right.g, across, down);
  const int32_t b = swl_resampled(top_left.b, top_right.b, bottom_left.b, bottom_right.b, across, down);
  swl_write_value(p, a.tensor, 3 * pixel, p->tables, p->reverses_channels ? b : r);
  swl_write_value(p, a.tensor, 3 * pixel + 1, p->tables, 256 + g);
  swl_write_value(p, a.tensor, 3 * pixel + 2, p->tables, 512 + (p->reverses_channels ? r : b));
}
