// vpmaddwd on words: of levels, and of weights widened to 16 bits. No sum of two products saturates, whatever the weights.
#if defined(__x86_64__)
#include "rounding.h"

#include <immintrin.h>

#define ROWS 6
#define COLUMNS 16
#define ELEMENT int16_t
#define TARGET SWL_TARGET_AVX2

// `rows` is a constant at every call, so that the accumulators stay in registers.
SWL_TARGET_AVX2 SWL_INLINE void tile_of(const int rows, const int16_t *a, int64_t stride, const int8_t *panel, int64_t depth, int32_t *sums) {
  __m256i total[ROWS][2];
#pragma GCC unroll 6
  for (int row = 0; row < rows; row++) total[row][0] = total[row][1] = _mm256_setzero_si256();
  for (int64_t k = 0; k < depth; k += 2) {
    const __m128i *weights = (const __m128i *)(const void *)(panel + k * COLUMNS);
    const __m256i low = _mm256_cvtepi8_epi16(_mm_loadu_si128(weights)), high = _mm256_cvtepi8_epi16(_mm_loadu_si128(weights + 1));
#pragma GCC unroll 6
    for (int row = 0; row < rows; row++) {
      int32_t two;
      memcpy(&two, a + row * stride + k, sizeof two);
      const __m256i spread = _mm256_set1_epi32(two);
      total[row][0] = _mm256_add_epi32(total[row][0], _mm256_madd_epi16(spread, low));
      total[row][1] = _mm256_add_epi32(total[row][1], _mm256_madd_epi16(spread, high));
    }
  }
#pragma GCC unroll 6
  for (int row = 0; row < rows; row++) {
    _mm256_storeu_si256((__m256i *)(void *)(sums + row * COLUMNS), total[row][0]);
    _mm256_storeu_si256((__m256i *)(void *)(sums + row * COLUMNS + 8), total[row][1]);
  }
}

SWL_TARGET_AVX2 static void tile(int64_t rows, const int16_t *a, int64_t stride, const int8_t *panel, int64_t depth, int32_t *sums) {
  switch (rows) {
  case 6: tile_of(6, a, stride, panel, depth, sums); break;
  case 5: tile_of(5, a, stride, panel, depth, sums); break;
  case 4: tile_of(4, a, stride, panel, depth, sums); break;
  case 3: tile_of(3, a, stride, panel, depth, sums); break;
  case 2: tile_of(2, a, stride, panel, depth, sums); break;
  default: tile_of(1, a, stride, panel, depth, sums); break;
  }
}

// Levels of 16 bits are words less this.
#define MIDDLE 32768
// The depth at which no sum of words times weights, each of at most 2^22, passes 32 bits; a multiple of what depths are padded to.
#define WORD_DEPTH 504

SWL_TARGET_AVX2 static void word_tile(int64_t rows, const int16_t *a, int64_t stride, const int8_t *panel, int64_t depth, float *totals) {
  int32_t sums[ROWS * COLUMNS], weight_sums[COLUMNS];
  double exact[ROWS * COLUMNS];
  memcpy(weight_sums, panel + depth * COLUMNS, sizeof weight_sums);
  for (int64_t row = 0; row < rows; row++) {
    for (int i = 0; i < COLUMNS; i++) exact[row * COLUMNS + i] = (double)MIDDLE * (double)weight_sums[i];
  }
  for (int64_t k = 0; k < depth; k += WORD_DEPTH) {
    tile(rows, a + k, stride, panel + k * COLUMNS, swl_minimum(WORD_DEPTH, depth - k), sums);
    for (int64_t i = 0; i < rows * COLUMNS; i++) exact[i] += (double)sums[i];
  }
  for (int64_t i = 0; i < rows * COLUMNS; i++) totals[i] = (float)exact[i];
}

#define ROUNDED swl_convolution_rounded_6x16__avx2
#define LEVEL(level) ((int16_t)(level))
#define WORD(level) ((int16_t)((level) - MIDDLE))
#define PANEL_BYTES(b) ((b)->padded_depth * COLUMNS + COLUMNS * 4)
#define LEVEL_TILE tile
#define WORD_TILE word_tile
#include "driver_rounded.h"
#else
typedef int swl_not_x86;
#endif
