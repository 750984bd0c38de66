// vpdpbusd: four products of an unsigned and a signed byte at once, added to 32 bits without saturating. The input is read
// as unsigned bytes u = x + offset, so the sum over x is the sum over u less offset × the column's weight sum; where the
// partial sums pass 32 bits they wrap, and the exact result, which fits, comes out.
#if defined(__x86_64__)
#include "../shared/epilogue_avx2.h"
#include "convolution_q8.h"
#include "rounding.h"

#include <immintrin.h>

#define ROWS 12
#define COLUMNS 16

// `rows` is a constant at every call, so that the accumulators stay in registers.
SWL_TARGET_AVX512_VNNI SWL_INLINE void tile_of(const int rows, __m512i start, const uint8_t *a, int64_t stride, const int8_t *panel, int64_t depth,
                                               int32_t *sums) {
  __m512i total[ROWS];
#pragma GCC unroll 12
  for (int row = 0; row < rows; row++) total[row] = start;
  for (int64_t k = 0; k < depth; k += 4) {
    __m512i weights = _mm512_loadu_si512(panel + k * COLUMNS);
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

SWL_TARGET_AVX512_VNNI static void tile(const struct swl_convolution_q8 *c, int64_t rows, const uint8_t *a, int64_t stride, const int8_t *panel, int64_t depth,
                                        int32_t *sums) {
  __m512i offset = _mm512_set1_epi32(c->input_flip + c->input_zero_point);
  __m512i start = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_mullo_epi32(offset, _mm512_loadu_si512(panel + depth * COLUMNS)));
  switch (rows) {
  case 12: tile_of(12, start, a, stride, panel, depth, sums); return;
  case 1: tile_of(1, start, a, stride, panel, depth, sums); return;
  }
  // What is left of a block: eights, fours, twos and ones.
  for (int64_t done = 0; done < rows;) {
    const uint8_t *from = a + done * stride;
    int32_t *to = sums + done * COLUMNS;
    if (rows - done >= 8) {
      tile_of(8, start, from, stride, panel, depth, to);
      done += 8;
    } else if (rows - done >= 4) {
      tile_of(4, start, from, stride, panel, depth, to);
      done += 4;
    } else if (rows - done >= 2) {
      tile_of(2, start, from, stride, panel, depth, to);
      done += 2;
    } else {
      tile_of(1, start, from, stride, panel, depth, to);
      done += 1;
    }
  }
}

#define KERNEL swl_convolution_q8_12x16__avx512vnni
#define TARGET SWL_TARGET_AVX512_VNNI
#define ELEMENT uint8_t
#define GATHER(c, group, first_row, rows, packed, stride)                                                              \
  gather_as_bytes(c, group, first_row, rows, packed, stride, (c)->input_flip, (c)->input_flip + (c)->input_zero_point)
#define PANEL_SIZE SWL_SUMMED_PANEL_SIZE
#define TILE tile
#define REQUANTISE swl_requantise_row_avx2
// Without an offset the tile's sums are those of the levels themselves.
static const struct swl_convolution_q8 plain_bytes = {0};

#define ROUNDED swl_convolution_rounded_12x16__avx512vnni
#define LEVEL(level) ((uint8_t)(level))
#define PANEL_BYTES SWL_SUMMED_PANEL_SIZE
#define BYTE_TILE(rows, a, stride, panel, depth, sums) tile(&plain_bytes, rows, a, stride, panel, depth, sums)
#include "driver_rounded.h"
#include "driver_q8.h"
#else
typedef int swl_not_x86;
#endif
