// Fused multiply-add over tiles of six rows and sixteen columns. On layers of the common edge networks with depth 64 or more
// this reaches 46 to 55 thousand million multiplications a second on one Zen 4 thread, bias and clamp included; OpenBLAS 0.3.21
// reached 31 to 51 on the same shapes without them. So no library is loaded for matrix products.
#if defined(__x86_64__)
#include "convolution_f32.h"

#include <immintrin.h>

#define ROWS 6
#define COLUMNS 16

// `rows` is a constant at every call, so that the accumulators stay in registers. Elements of a row of `a` lie `step` apart.
SWL_TARGET_AVX2 SWL_INLINE void tile_of(const int rows, const float *a, int64_t stride, int64_t step, const float *panel, int64_t depth, float *sums) {
  __m256 total[ROWS][2];
#pragma GCC unroll 6
  for (int row = 0; row < rows; row++) total[row][0] = total[row][1] = _mm256_setzero_ps();
  for (int64_t k = 0; k < depth; k++) {
    __m256 low = _mm256_loadu_ps(panel + k * COLUMNS), high = _mm256_loadu_ps(panel + k * COLUMNS + 8);
#pragma GCC unroll 6
    for (int row = 0; row < rows; row++) {
      __m256 spread = _mm256_broadcast_ss(a + row * stride + k * step);
      total[row][0] = _mm256_fmadd_ps(spread, low, total[row][0]);
      total[row][1] = _mm256_fmadd_ps(spread, high, total[row][1]);
    }
  }
#pragma GCC unroll 6
  for (int row = 0; row < rows; row++) {
    _mm256_storeu_ps(sums + row * COLUMNS, total[row][0]);
    _mm256_storeu_ps(sums + row * COLUMNS + 8, total[row][1]);
  }
}

SWL_TARGET_AVX2 SWL_INLINE void tile_by(int64_t rows, const float *a, int64_t stride, int64_t step, const float *panel, int64_t depth, float *sums) {
  switch (rows) {
  case 6: tile_of(6, a, stride, step, panel, depth, sums); break;
  case 5: tile_of(5, a, stride, step, panel, depth, sums); break;
  case 4: tile_of(4, a, stride, step, panel, depth, sums); break;
  case 3: tile_of(3, a, stride, step, panel, depth, sums); break;
  case 2: tile_of(2, a, stride, step, panel, depth, sums); break;
  default: tile_of(1, a, stride, step, panel, depth, sums); break;
  }
}

SWL_TARGET_AVX2 static void tile(int64_t rows, const float *a, int64_t stride, const float *panel, int64_t depth, float *sums) {
  tile_by(rows, a, stride, 1, panel, depth, sums);
}

// Of a transposed left side.
SWL_TARGET_AVX2 static void tile_down(int64_t rows, const float *a, int64_t step, const float *panel, int64_t depth, float *sums) {
  tile_by(rows, a, 1, step, panel, depth, sums);
}

// Four elements, and nothing in the upper half.
SWL_TARGET_AVX2 SWL_INLINE __m256 four_at(const float *from) { return _mm256_zextps128_ps256(_mm_loadu_ps(from)); }

SWL_TARGET_AVX2 SWL_INLINE void products(const float *query, const float *keys, int64_t stride, int64_t size, float *ret) {
  __m256 totals[4];
#pragma GCC unroll 4
  for (int row = 0; row < 4; row++) totals[row] = _mm256_setzero_ps();
  int64_t i = 0;
  for (; i + 8 <= size; i += 8) {
    const __m256 part = _mm256_loadu_ps(query + i);
#pragma GCC unroll 4
    for (int row = 0; row < 4; row++) totals[row] = _mm256_fmadd_ps(part, _mm256_loadu_ps(keys + row * stride + i), totals[row]);
  }
  if (i + 4 <= size) {
    const __m256 part = four_at(query + i);
#pragma GCC unroll 4
    for (int row = 0; row < 4; row++) totals[row] = _mm256_fmadd_ps(part, four_at(keys + row * stride + i), totals[row]);
    i += 4;
  }
  // Eighths of two rows each, then quarters of four: the sums of all four stand behind each other.
  const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(totals[0], totals[1]), _mm256_hadd_ps(totals[2], totals[3]));
  __m128 sums = _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
  for (; i < size; i++) {
    const __m128 next = _mm_setr_ps(keys[i], keys[stride + i], keys[2 * stride + i], keys[3 * stride + i]);
    sums = _mm_fmadd_ps(_mm_set1_ps(query[i]), next, sums);
  }
  _mm_storeu_ps(ret, sums);
}

SWL_TARGET_AVX2 SWL_INLINE void gather_four(const float *shares, const float *values, int64_t stride, int64_t size, float *found) {
  __m256 share[4];
#pragma GCC unroll 4
  for (int row = 0; row < 4; row++) share[row] = _mm256_broadcast_ss(shares + row);
  int64_t i = 0;
  for (; i + 8 <= size; i += 8) {
    // Two chains, each waiting for half of the products.
    __m256 total = _mm256_loadu_ps(found + i), other = _mm256_mul_ps(share[2], _mm256_loadu_ps(values + 2 * stride + i));
    total = _mm256_fmadd_ps(share[0], _mm256_loadu_ps(values + i), total);
    other = _mm256_fmadd_ps(share[3], _mm256_loadu_ps(values + 3 * stride + i), other);
    total = _mm256_fmadd_ps(share[1], _mm256_loadu_ps(values + stride + i), total);
    _mm256_storeu_ps(found + i, _mm256_add_ps(total, other));
  }
  if (i + 4 <= size) {
    __m128 total = _mm_loadu_ps(found + i);
#pragma GCC unroll 4
    for (int row = 0; row < 4; row++) total = _mm_fmadd_ps(_mm256_castps256_ps128(share[row]), _mm_loadu_ps(values + row * stride + i), total);
    _mm_storeu_ps(found + i, total);
    i += 4;
  }
  attention_gather_four(shares, values + i, stride, size - i, found + i);
}

SWL_TARGET_AVX2 SWL_INLINE void widen_halves(const uint16_t *halves, int64_t count, float *ret) {
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) _mm256_storeu_ps(ret + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(halves + i))));
  attention_widen(halves + i, count - i, ret + i);
}

#define ATTENTION swl_attention_f32_6x16__avx2
#define ATTENTION_F16 swl_attention_f16__avx2
#define CONVOLUTION swl_convolution_f32_6x16__avx2
#define PRODUCT swl_matrix_product_f32_6x16__avx2
#define TARGET SWL_TARGET_AVX2
#define TILE tile
#define PRODUCTS products
#define GATHER_FOUR gather_four
#define WIDEN widen_halves
#define TILE_DOWN tile_down
#define FUSED(x, y, z) __builtin_fmaf(x, y, z)
#include "../sequence/attention_driver.h"
#include "driver_f32.h"
#else
typedef int swl_not_x86;
#endif
