// fmla by lane: eight rows against eight columns, four depth elements at a time.
#if defined(__aarch64__)
#include "convolution_f32.h"

#include <arm_neon.h>

#define ROWS 8
#define COLUMNS 8

// One depth element: `lane` is a literal, as the instruction demands.
#define STEP(lane)                                                                                                     \
  {                                                                                                                    \
    float32x4_t low = vld1q_f32(panel + (k + lane) * COLUMNS), high = vld1q_f32(panel + (k + lane) * COLUMNS + 4);     \
    _Pragma("GCC unroll 8") for (int row = 0; row < rows; row++) {                                                     \
      total[row][0] = vfmaq_laneq_f32(total[row][0], low, values[row], lane);                                          \
      total[row][1] = vfmaq_laneq_f32(total[row][1], high, values[row], lane);                                         \
    }                                                                                                                  \
  }

// `rows` is a constant at every call, so that the accumulators stay in registers.
SWL_INLINE void tile_of(const int rows, const float *a, int64_t stride, const float *panel, int64_t depth, float *sums) {
  float32x4_t total[ROWS][2], values[ROWS];
#pragma GCC unroll 8
  for (int row = 0; row < rows; row++) total[row][0] = total[row][1] = vdupq_n_f32(0.0f);
  int64_t k = 0;
  for (; k + 4 <= depth; k += 4) {
#pragma GCC unroll 8
    for (int row = 0; row < rows; row++) values[row] = vld1q_f32(a + row * stride + k);
    STEP(0) STEP(1) STEP(2) STEP(3)
  }
  for (; k < depth; k++) {
    float32x4_t low = vld1q_f32(panel + k * COLUMNS), high = vld1q_f32(panel + k * COLUMNS + 4);
#pragma GCC unroll 8
    for (int row = 0; row < rows; row++) {
      total[row][0] = vfmaq_n_f32(total[row][0], low, a[row * stride + k]);
      total[row][1] = vfmaq_n_f32(total[row][1], high, a[row * stride + k]);
    }
  }
#pragma GCC unroll 8
  for (int row = 0; row < rows; row++) {
    vst1q_f32(sums + row * COLUMNS, total[row][0]);
    vst1q_f32(sums + row * COLUMNS + 4, total[row][1]);
  }
}

static void tile(int64_t rows, const float *a, int64_t stride, const float *panel, int64_t depth, float *sums) {
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

// Of a transposed left side.
SWL_INLINE void tile_down_of(const int rows, const float *a, int64_t step, const float *panel, int64_t depth, float *sums) {
  float32x4_t total[ROWS][2];
#pragma GCC unroll 8
  for (int row = 0; row < rows; row++) total[row][0] = total[row][1] = vdupq_n_f32(0.0f);
  for (int64_t k = 0; k < depth; k++) {
    float32x4_t low = vld1q_f32(panel + k * COLUMNS), high = vld1q_f32(panel + k * COLUMNS + 4);
#pragma GCC unroll 8
    for (int row = 0; row < rows; row++) {
      const float value = a[k * step + row];
      total[row][0] = vfmaq_n_f32(total[row][0], low, value);
      total[row][1] = vfmaq_n_f32(total[row][1], high, value);
    }
  }
#pragma GCC unroll 8
  for (int row = 0; row < rows; row++) {
    vst1q_f32(sums + row * COLUMNS, total[row][0]);
    vst1q_f32(sums + row * COLUMNS + 4, total[row][1]);
  }
}

static void tile_down(int64_t rows, const float *a, int64_t step, const float *panel, int64_t depth, float *sums) {
  switch (rows) {
  case 8: tile_down_of(8, a, step, panel, depth, sums); break;
  case 7: tile_down_of(7, a, step, panel, depth, sums); break;
  case 6: tile_down_of(6, a, step, panel, depth, sums); break;
  case 5: tile_down_of(5, a, step, panel, depth, sums); break;
  case 4: tile_down_of(4, a, step, panel, depth, sums); break;
  case 3: tile_down_of(3, a, step, panel, depth, sums); break;
  case 2: tile_down_of(2, a, step, panel, depth, sums); break;
  default: tile_down_of(1, a, step, panel, depth, sums); break;
  }
}

SWL_INLINE void products(const float *query, const float *keys, int64_t stride, int64_t size, float *ret) {
  float32x4_t totals[4];
#pragma GCC unroll 4
  for (int row = 0; row < 4; row++) totals[row] = vdupq_n_f32(0.0f);
  int64_t i = 0;
  for (; i + 4 <= size; i += 4) {
    const float32x4_t part = vld1q_f32(query + i);
#pragma GCC unroll 4
    for (int row = 0; row < 4; row++) totals[row] = vfmaq_f32(totals[row], part, vld1q_f32(keys + row * stride + i));
  }
  float32x4_t sums = vpaddq_f32(vpaddq_f32(totals[0], totals[1]), vpaddq_f32(totals[2], totals[3]));
  for (; i < size; i++) {
    const float next[4] = {keys[i], keys[stride + i], keys[2 * stride + i], keys[3 * stride + i]};
    sums = vfmaq_n_f32(sums, vld1q_f32(next), query[i]);
  }
  vst1q_f32(ret, sums);
}

SWL_INLINE void widen_halves(const uint16_t *halves, int64_t count, float *ret) {
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) vst1q_f32(ret + i, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(halves + i))));
  attention_widen(halves + i, count - i, ret + i);
}

#define ATTENTION swl_attention_f32_8x8__neon
#define ATTENTION_F16 swl_attention_f16__neon
#define CONVOLUTION swl_convolution_f32_8x8__neon
#define PRODUCT swl_matrix_product_f32_8x8__neon
#define TARGET
#define TILE tile
#define PRODUCTS products
#define GATHER_FOUR attention_gather_four
#define WIDEN widen_halves
#define TILE_DOWN tile_down
#define FUSED(x, y, z) __builtin_fmaf(x, y, z)
#include "../sequence/attention_driver.h"
#include "driver_f32.h"
#else
typedef int swl_not_arm;
#endif
