// vpdpbusd on the levels of rows as bytes: four products at once, added to 32 bits without saturating.
#if defined(__x86_64__)
#include "rounding.h"

#include <immintrin.h>

#define ROWS 12
#define COLUMNS 16
#define ELEMENT uint8_t
#define TARGET SWL_TARGET_AVX512_VNNI

// `rows` is a constant at every call, so that the accumulators stay in registers.
SWL_TARGET_AVX512_VNNI SWL_INLINE void tile_of(const int rows, const uint8_t *a, int64_t stride, const int8_t *panel, int64_t depth, int32_t *sums) {
  __m512i total[ROWS];
#pragma GCC unroll 12
  for (int row = 0; row < rows; row++) total[row] = _mm512_setzero_si512();
  for (int64_t k = 0; k < depth; k += 4) {
    const __m512i weights = _mm512_loadu_si512(panel + k * COLUMNS);
#pragma GCC unroll 12
    for (int row = 0; row < rows; row++) {
      int32_t four;
      memcpy(&four, a + row * stride + k, sizeof four);
      total[row] = _mm512_dpbusd_epi32(total[row], _mm512_set1_epi32(four), weights);
    }
  }
#pragma GCC unroll 12
  for (int row = 0; row < rows; row++) _mm512_storeu_si512(sums + row * COLUMNS, total[row]);
}

// What is left of a block: eights, fours, twos and ones.
SWL_TARGET_AVX512_VNNI static void tile(int64_t rows, const uint8_t *a, int64_t stride, const int8_t *panel, int64_t depth, int32_t *sums) {
  for (int64_t left = rows, done; left > 0; left -= done, a += done * stride, sums += done * COLUMNS) {
    if (left >= ROWS) {
      tile_of(ROWS, a, stride, panel, depth, sums);
      done = ROWS;
    } else if (left >= 8) {
      tile_of(8, a, stride, panel, depth, sums);
      done = 8;
    } else if (left >= 4) {
      tile_of(4, a, stride, panel, depth, sums);
      done = 4;
    } else if (left >= 2) {
      tile_of(2, a, stride, panel, depth, sums);
      done = 2;
    } else {
      tile_of(1, a, stride, panel, depth, sums);
      done = 1;
    }
  }
}

#define ROUNDED swl_convolution_rounded_12x16__avx512vnni
#define LEVEL(level) ((uint8_t)(level))
#define PANEL_BYTES(b) ((b)->padded_depth * COLUMNS + COLUMNS * 4)
#define LEVEL_TILE tile
#include "driver_rounded.h"
#else
typedef int swl_not_x86;
#endif
