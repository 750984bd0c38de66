// vpmaddwd on pairs of depth: exact, since a pair's sum is at most 2 × 255 × 128.
#if defined(__x86_64__)
#include "../shared/epilogue_avx2.h"
#include "convolution_q8.h"

#include <immintrin.h>

#define ROWS 6
#define COLUMNS 16

// `rows` is a constant at every call, so that the accumulators stay in registers.
SWL_TARGET_AVX2 SWL_INLINE void tile_of(const int rows, const int16_t *a, int64_t stride, const int8_t *panel, int64_t depth, int32_t *sums) {
  __m256i total[ROWS][2];
#pragma GCC unroll 6
  for (int row = 0; row < rows; row++) total[row][0] = total[row][1] = _mm256_setzero_si256();
  for (int64_t k = 0; k < depth; k += 2) {
    __m256i low = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(panel + k * COLUMNS)));
    __m256i high = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(panel + k * COLUMNS + 16)));
#pragma GCC unroll 6
    for (int row = 0; row < rows; row++) {
      int32_t pair;
      memcpy(&pair, a + row * stride + k, sizeof pair);
      __m256i spread = _mm256_set1_epi32(pair);
      total[row][0] = _mm256_add_epi32(total[row][0], _mm256_madd_epi16(spread, low));
      total[row][1] = _mm256_add_epi32(total[row][1], _mm256_madd_epi16(spread, high));
    }
  }
#pragma GCC unroll 6
  for (int row = 0; row < rows; row++) {
    _mm256_storeu_si256((__m256i *)(sums + row * COLUMNS), total[row][0]);
    _mm256_storeu_si256((__m256i *)(sums + row * COLUMNS + 8), total[row][1]);
  }
}

SWL_TARGET_AVX2 static void tile(const struct swl_convolution_q8 *c, int64_t rows, const int16_t *a, int64_t stride, const int8_t *panel, int64_t depth, int32_t *sums) {
  (void)c;
  switch (rows) {
  case 6: tile_of(6, a, stride, panel, depth, sums); break;
  case 5: tile_of(5, a, stride, panel, depth, sums); break;
  case 4: tile_of(4, a, stride, panel, depth, sums); break;
  case 3: tile_of(3, a, stride, panel, depth, sums); break;
  case 2: tile_of(2, a, stride, panel, depth, sums); break;
  default: tile_of(1, a, stride, panel, depth, sums); break;
  }
}

#define KERNEL swl_convolution_q8_6x16__avx2
#define TARGET SWL_TARGET_AVX2
#define ELEMENT int16_t
#define GATHER gather_as_words
#define PANEL_SIZE SWL_PANEL_SIZE
#define TILE tile
#define REQUANTISE swl_requantise_row_avx2
#include "driver_q8.h"
#else
typedef int swl_not_x86;
#endif
