// vpmaddwd on bytes widened to 16 bits: no pair of products saturates, whatever the weights.
#if defined(__x86_64__)
#include "rounding.h"

#include <immintrin.h>

#define ROWS 2
#define COLUMNS 16
#define ELEMENT int16_t
#define TARGET SWL_TARGET_AVX2

// `rows` is a constant at every call, so that the accumulators stay in registers. Each holds four columns, two sums a column.
SWL_TARGET_AVX2 SWL_INLINE void tile_of(const int rows, const int16_t *a, int64_t stride, const int8_t *panel, int64_t depth, int32_t *sums) {
  __m256i total[ROWS][4];
#pragma GCC unroll 2
  for (int row = 0; row < rows; row++) total[row][0] = total[row][1] = total[row][2] = total[row][3] = _mm256_setzero_si256();
  for (int64_t k = 0; k < depth; k += 4) {
    __m256i four[ROWS];
#pragma GCC unroll 2
    for (int row = 0; row < rows; row++) {
      int64_t elements;
      memcpy(&elements, a + row * stride + k, sizeof elements);
      four[row] = _mm256_set1_epi64x(elements);
    }
#pragma GCC unroll 4
    for (int part = 0; part < 4; part++) {
      const __m256i weights = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(panel + k * COLUMNS + part * 16)));
#pragma GCC unroll 2
      for (int row = 0; row < rows; row++) total[row][part] = _mm256_add_epi32(total[row][part], _mm256_madd_epi16(four[row], weights));
    }
  }
#pragma GCC unroll 2
  for (int row = 0; row < rows; row++) {
    // Columns 0 1 4 5 | 2 3 6 7 of two parts, and then in order.
    const __m256i low = _mm256_permute4x64_epi64(_mm256_hadd_epi32(total[row][0], total[row][1]), 0xD8);
    const __m256i high = _mm256_permute4x64_epi64(_mm256_hadd_epi32(total[row][2], total[row][3]), 0xD8);
    _mm256_storeu_si256((__m256i *)(sums + row * COLUMNS), low);
    _mm256_storeu_si256((__m256i *)(sums + row * COLUMNS + 8), high);
  }
}

SWL_TARGET_AVX2 static void tile(int64_t rows, const int16_t *a, int64_t stride, const int8_t *panel, int64_t depth, int32_t *sums) {
  if (rows == 2) {
    tile_of(2, a, stride, panel, depth, sums);
  } else {
    tile_of(1, a, stride, panel, depth, sums);
  }
}

#define ROUNDED swl_convolution_rounded_2x16__avx2
#define LEVEL(level) ((int16_t)(level))
#define PANEL_BYTES(b) ((b)->padded_depth * COLUMNS + COLUMNS * 4)
#define BYTE_TILE tile
#include "driver_rounded.h"
#else
typedef int swl_not_x86;
#endif
