// smlal by lane on the transformed tiles of F(4×4, 3×3). With dot products bytes are multiplied four at a time, and directly: see
// swl_winograd_size.
#if defined(__aarch64__)
#include "../shared/epilogue_neon.h"
#include "winograd_q8.h"

#include <arm_neon.h>

#define ROWS 4

#define TARGET
#define NAME(x) x##_neon
#define WORDS 8
#define WORDS_OF(from) vreinterpretq_s16_u16(vmovl_u8(vld1_u8(from)))
#define W int16x8_t
#define S int32x4_t
#define W_ZERO vdupq_n_s16(0)
#define W_SET(x) vdupq_n_s16(x)
#define W_XOR(a, b) veorq_s16(a, b)
#define W_ADD(a, b) vaddq_s16(a, b)
#define W_SUB(a, b) vsubq_s16(a, b)
#define W_SHIFT(a, n) vshlq_n_s16(a, n)
#define W_STORE(to, a) vst1q_s16(to, a)
#define S_SET(x) vdupq_n_s32(x)
#define S_ADD(a, b) vaddq_s32(a, b)
#define S_SUB(a, b) vsubq_s32(a, b)
#define S_SHIFT(a, n) vshlq_n_s32(a, n)
#define S_MULTIPLY(a, b) vmulq_s32(a, b)
#define S_RIGHT(a, n) vshlq_s32(a, vdupq_n_s32(-(n)))
#define S_LOAD(from) vld1q_s32(from)
#include "large_tiles.h"

// Two channels: `pair` is a literal, as the instructions demand. The panel has each column's two side by side.
#define STEP(pair)                                                                                                     \
  {                                                                                                                    \
    const int16x8x2_t low = vld2q_s16(weights + (c + 2 * pair) * COLUMNS), high = vld2q_s16(weights + (c + 2 * pair) * COLUMNS + 16); \
    _Pragma("GCC unroll 4") for (int r = 0; r < rows; r++) {                                                           \
      sums[r][0] = vmlal_laneq_s16(sums[r][0], vget_low_s16(low.val[0]), values[r], 2 * pair);                         \
      sums[r][1] = vmlal_high_laneq_s16(sums[r][1], low.val[0], values[r], 2 * pair);                                  \
      sums[r][2] = vmlal_laneq_s16(sums[r][2], vget_low_s16(high.val[0]), values[r], 2 * pair);                        \
      sums[r][3] = vmlal_high_laneq_s16(sums[r][3], high.val[0], values[r], 2 * pair);                                 \
      sums[r][0] = vmlal_laneq_s16(sums[r][0], vget_low_s16(low.val[1]), values[r], 2 * pair + 1);                     \
      sums[r][1] = vmlal_high_laneq_s16(sums[r][1], low.val[1], values[r], 2 * pair + 1);                              \
      sums[r][2] = vmlal_laneq_s16(sums[r][2], vget_low_s16(high.val[1]), values[r], 2 * pair + 1);                    \
      sums[r][3] = vmlal_high_laneq_s16(sums[r][3], high.val[1], values[r], 2 * pair + 1);                             \
    }                                                                                                                  \
  }

// products[rows][16] = tiles[rows][inputs] · weights[inputs][16]; `rows` is a constant at every call. Sums may wrap around 32 bits. Asks for
// a line at `ahead` with every eight inputs.
SWL_INLINE void multiply(const int rows, const int16_t *tiles, int64_t inputs, const int16_t *weights, int32_t *products, const int16_t *ahead) {
  int32x4_t sums[ROWS][4];
  int16x8_t values[ROWS];
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) sums[r][0] = sums[r][1] = sums[r][2] = sums[r][3] = vdupq_n_s32(0);
  for (int64_t c = 0; c < inputs; c += 8) {
    __builtin_prefetch(ahead + c * AHEAD / 8);
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++) values[r] = vld1q_s16(tiles + r * inputs + c);
    STEP(0) STEP(1) STEP(2) STEP(3)
  }
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) vst1q_s32(products + r * COLUMNS + 4 * i, sums[r][i]);
  }
}

#define TARGET
#include "tile_rows.h"

// One tile's outputs in one panel.
static void finish(const struct swl_winograd_q8 *a, struct tile_place place, int64_t channel, int64_t columns, const int32_t *products, int64_t stride) {
  const struct swl_window *w = &a->window;
  const int64_t first = (place.image * w->output_height + place.y) * w->output_width + place.x;
  const int64_t rows = swl_minimum(w->output_height - place.y, 4), across = swl_minimum(w->output_width - place.x, 4);
  int32_t sums[16][COLUMNS];
  for (int64_t c = 0; c < COLUMNS; c += 4) {
    int32x4_t four[16];
    gather_large_neon(products + c, stride, four);
    for (int i = 0; i < 16; i++) vst1q_s32(sums[i] + c, four[i]);
  }
  for (int64_t y = 0; y < rows; y++) {
    for (int64_t x = 0; x < across; x++) {
      const int64_t element = (first + y * w->output_width + x) * w->output_channels + channel;
      swl_requantise_row_neon(&a->requantisation, sums[4 * y + x], channel, columns, element, a->output);
    }
  }
}

void swl_winograd_q8_4x16__neon(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_winograd_q8 *a = arguments;
  const struct swl_window *w = &a->window;
  const struct swl_winograd_blocking *b = &a->blocking;
  if (b->size != 4) {
    swl_winograd_q8__scalar(arguments, scratch, begin, end);
    return;
  }
  const struct winograd_scratch s = winograd_scratch(w, b, scratch);
  const int64_t inputs = w->input_channels, places = winograd_places(4);
  for (int64_t item = begin; item < end; item++) {
    const int64_t first = item / b->column_splits * b->tiles_per_block, count = swl_minimum(b->tiles_per_block, b->tiles - first);
    const int64_t split = item % b->column_splits, last_panel = swl_minimum((split + 1) * b->panels_per_split, b->panels);
    transform_block_neon(a, first, count, &s);
    for (int64_t panel = split * b->panels_per_split; panel < last_panel; panel++) {
      const int16_t *weights = a->weights + panel * COLUMNS * places * inputs;
      multiply_places(count, places, inputs, weights, panel + 1 < last_panel, &s);
      const int64_t channel = panel * COLUMNS, columns = swl_minimum(COLUMNS, w->output_channels - channel);
      for (int64_t t = 0; t < count; t++) finish(a, place_of_tile(w, 4, first + t), channel, columns, s.products + t * COLUMNS, s.product_stride);
    }
  }
}
#else
typedef int swl_not_arm;
#endif
