// sdot by lane: four products of signed bytes at once. The input is read as signed bytes s = x + offset, so the sum over x
// is the sum over s less offset × the column's weight sum; partial sums wrap where they pass 32 bits, and the exact result,
// which fits, comes out.
#if defined(__aarch64__)
#include "../shared/epilogue_neon.h"
#include "convolution_q8.h"
#include "rounding.h"

#include <arm_neon.h>

#define ROWS 8
#define COLUMNS 8
#define TARGET_DOT __attribute__((target("arch=armv8.2-a+dotprod")))

// What the stored byte of a zero becomes once it is read as a signed byte.
SWL_INLINE int32_t signed_offset(const struct swl_convolution_q8 *c) { return c->input_flip + c->input_zero_point - 128; }

// Four depth elements: `lane` is a literal, as the instruction demands.
#define STEP(lane)                                                                                                     \
  {                                                                                                                    \
    int8x16_t low = vld1q_s8(panel + (k + lane * 4) * COLUMNS), high = vld1q_s8(panel + (k + lane * 4) * COLUMNS + 16); \
    _Pragma("GCC unroll 8") for (int row = 0; row < rows; row++) {                                                     \
      total[row][0] = vdotq_lane_s32(total[row][0], low, values[row], lane);                                           \
      total[row][1] = vdotq_lane_s32(total[row][1], high, values[row], lane);                                          \
    }                                                                                                                  \
  }

// `rows` is a constant at every call, so that the accumulators stay in registers.
TARGET_DOT SWL_INLINE void tile_of(const int rows, int32x4_t start_low, int32x4_t start_high, const uint8_t *a, int64_t stride, const int8_t *panel,
                                   int64_t depth, int32_t *sums) {
  int32x4_t total[ROWS][2];
  int8x8_t values[ROWS];
#pragma GCC unroll 8
  for (int row = 0; row < rows; row++) {
    total[row][0] = start_low;
    total[row][1] = start_high;
  }
  for (int64_t k = 0; k < depth; k += 8) {
#pragma GCC unroll 8
    for (int row = 0; row < rows; row++) values[row] = vld1_s8((const int8_t *)a + row * stride + k);
    STEP(0) STEP(1)
  }
#pragma GCC unroll 8
  for (int row = 0; row < rows; row++) {
    vst1q_s32(sums + row * COLUMNS, total[row][0]);
    vst1q_s32(sums + row * COLUMNS + 4, total[row][1]);
  }
}

TARGET_DOT static void tile(const struct swl_convolution_q8 *c, int64_t rows, const uint8_t *a, int64_t stride, const int8_t *panel, int64_t depth,
                            int32_t *sums) {
  const int8_t *weight_sums = panel + depth * COLUMNS;
  int32x4_t offset = vdupq_n_s32(-signed_offset(c));
  int32x4_t low = vmulq_s32(offset, vreinterpretq_s32_s8(vld1q_s8(weight_sums)));
  int32x4_t high = vmulq_s32(offset, vreinterpretq_s32_s8(vld1q_s8(weight_sums + 16)));
  switch (rows) {
  case 8: tile_of(8, low, high, a, stride, panel, depth, sums); break;
  case 7: tile_of(7, low, high, a, stride, panel, depth, sums); break;
  case 6: tile_of(6, low, high, a, stride, panel, depth, sums); break;
  case 5: tile_of(5, low, high, a, stride, panel, depth, sums); break;
  case 4: tile_of(4, low, high, a, stride, panel, depth, sums); break;
  case 3: tile_of(3, low, high, a, stride, panel, depth, sums); break;
  case 2: tile_of(2, low, high, a, stride, panel, depth, sums); break;
  default: tile_of(1, low, high, a, stride, panel, depth, sums); break;
  }
}

#define KERNEL swl_convolution_q8_8x8__neondot
#define TARGET TARGET_DOT
#define ELEMENT uint8_t
#define GATHER(c, group, first_row, rows, packed, stride)                                                              \
  gather_as_bytes(c, group, first_row, rows, packed, stride, (c)->input_flip ^ 0x80, (uint8_t)signed_offset(c))
#define PANEL_SIZE SWL_SUMMED_PANEL_SIZE
#define TILE tile
#define REQUANTISE swl_requantise_row_neon
// Without an offset the tile's sums are those of the levels themselves.
static const struct swl_convolution_q8 plain_bytes = {0};

#define ROUNDED swl_convolution_rounded_8x8__neondot
#define LEVEL(level) ((uint8_t)((level) ^ 0x80))
#define PANEL_BYTES SWL_SUMMED_PANEL_SIZE
#define LEVEL_TILE(rows, a, stride, panel, depth, sums) tile(&plain_bytes, rows, a, stride, panel, depth, sums)
#include "driver_rounded.h"
#include "driver_q8.h"
#else
typedef int swl_not_arm;
#endif
