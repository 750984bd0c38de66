// smlal by lane: eight rows of eight depth elements each against eight columns.
#if defined(__aarch64__)
#include "../shared/epilogue_neon.h"
#include "convolution_q8.h"
#include "rounding.h"

#include <arm_neon.h>

#define ROWS 8
#define COLUMNS 8

// One depth element: `lane` is a literal, as the instruction demands.
#define STEP(lane)                                                                                                     \
  {                                                                                                                    \
    int16x8_t weights = vmovl_s8(vld1_s8(panel + (k + lane) * COLUMNS));                                               \
    int16x4_t low = vget_low_s16(weights), high = vget_high_s16(weights);                                              \
    _Pragma("GCC unroll 8") for (int row = 0; row < rows; row++) {                                                     \
      total[row][0] = vmlal_laneq_s16(total[row][0], low, values[row], lane);                                          \
      total[row][1] = vmlal_laneq_s16(total[row][1], high, values[row], lane);                                         \
    }                                                                                                                  \
  }

// `rows` is a constant at every call, so that the accumulators stay in registers.
SWL_INLINE void tile_of(const int rows, const int16_t *a, int64_t stride, const int8_t *panel, int64_t depth, int32_t *sums) {
  int32x4_t total[ROWS][2];
  int16x8_t values[ROWS];
#pragma GCC unroll 8
  for (int row = 0; row < rows; row++) total[row][0] = total[row][1] = vdupq_n_s32(0);
  for (int64_t k = 0; k < depth; k += 8) {
#pragma GCC unroll 8
    for (int row = 0; row < rows; row++) values[row] = vld1q_s16(a + row * stride + k);
    STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7)
  }
#pragma GCC unroll 8
  for (int row = 0; row < rows; row++) {
    vst1q_s32(sums + row * COLUMNS, total[row][0]);
    vst1q_s32(sums + row * COLUMNS + 4, total[row][1]);
  }
}

static void tile(const struct swl_convolution_q8 *c, int64_t rows, const int16_t *a, int64_t stride, const int8_t *panel, int64_t depth, int32_t *sums) {
  (void)c;
  switch (rows) {
  case 8: tile_of(8, a, stride, panel, depth, sums); break;
  case 7: tile_of(7, a, stride, panel, depth, sums); break;
  case 6: tile_of(6, a, stride, panel, depth, sums); break;
  case 5: tile_of(5, a, stride, panel, depth, sums); break;
  case 4: tile_of(4, a, stride, panel, depth, sums); break;
  case 3: tile_of(3, a, stride, panel, depth, sums); break;
  case 2: tile_of(2, a, stride, panel, depth, sums); break;
  default: tile_of(1, a, stride, panel, depth, sums); break;
  }
}

#define KERNEL swl_convolution_q8_8x8__neon
#define TARGET
#define ELEMENT int16_t
#define GATHER gather_as_words
#define PANEL_SIZE SWL_PANEL_SIZE
#define TILE tile
#define REQUANTISE swl_requantise_row_neon
// Without an offset the tile's sums are those of the levels themselves.
static const struct swl_convolution_q8 plain_bytes = {0};

#define ROUNDED swl_convolution_rounded_8x8__neon
#define LEVEL(level) ((int16_t)(level))
#define PANEL_BYTES SWL_PANEL_SIZE
#define LEVEL_TILE(rows, a, stride, panel, depth, sums) tile(&plain_bytes, rows, a, stride, panel, depth, sums)
#include "driver_rounded.h"
#include "driver_q8.h"
#else
typedef int swl_not_arm;
#endif
