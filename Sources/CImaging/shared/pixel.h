// The arithmetic of single pixels: one definition for the rows of processors and the threads of devices, and so the same bits.
#pragma once
#include "swl_imaging.h"

static inline uint8_t swl_pixel_saturated(int32_t value) { return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value); }

/// Y, U, V to red, green, blue.
static inline void swl_pixel_colours(
    const struct swl_colour_coefficients *c, int32_t y, int32_t u, int32_t v, uint8_t *ret_r, uint8_t *ret_g, uint8_t *ret_b) {
  int32_t l = c->y_scale * (int16_t)(y - c->y_offset) + 4096;
  int16_t du = (int16_t)(u - 128), dv = (int16_t)(v - 128);
  *ret_r = swl_pixel_saturated((l + c->r_v * dv) >> 13);
  *ret_g = swl_pixel_saturated((l - c->g_u * du - c->g_v * dv) >> 13);
  *ret_b = swl_pixel_saturated((l + c->b_u * du) >> 13);
}

/// Y alone, brought to 0…255.
static inline uint8_t swl_pixel_luminance(int16_t scale, int16_t offset, int32_t y) {
  return swl_pixel_saturated((scale * (int16_t)(y - offset) + 4096) >> 13);
}

/// Luminance of red, green and blue: 0.299, 0.587, 0.114 in 14 bits.
static inline uint8_t swl_pixel_luminance_of_colours(int32_t r, int32_t g, int32_t b) {
  return (uint8_t)((4899 * r + 9617 * g + 1868 * b + 8192) >> 14);
}

/// Between two neighbours of a row; `weight` of 2048 is the right one's.
static inline int32_t swl_pixel_between(int32_t left, int32_t right, int32_t weight) { return (left << 11) + (right - left) * weight; }

/// Between two such of neighbouring rows; `weight` of 2048 is the lower one's.
static inline uint8_t swl_pixel_blended(int32_t upper, int32_t lower, int32_t weight) {
  return (uint8_t)((upper * (2048 - weight) + lower * weight + (1 << 21)) >> 22);
}
