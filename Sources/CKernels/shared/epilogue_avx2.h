// Requantisation sixteen channels at a time: the same operations on the same values as swl_requantise_plain, in vectors.
#ifndef SWL_EPILOGUE_AVX2_H
#define SWL_EPILOGUE_AVX2_H

#if defined(__x86_64__)
#include "epilogue.h"

#include <immintrin.h>

// Eight values of t: cvtps rounds ties to even, as swl_round does.
SWL_TARGET_AVX2 SWL_INLINE __m256i swl_requantise_eight(const struct swl_requantisation *r, const int32_t *sums, int64_t channel) {
  __m256i sum = _mm256_add_epi32(_mm256_loadu_si256((const __m256i *)sums), _mm256_loadu_si256((const __m256i *)(r->bias + channel)));
  __m256 product = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(r->multipliers + channel));
  product = _mm256_min_ps(_mm256_max_ps(product, _mm256_set1_ps(r->middle_lower)), _mm256_set1_ps(r->middle_upper));
  return _mm256_add_epi32(_mm256_cvtps_epi32(product), _mm256_set1_epi32(r->middle_zero_point));
}

SWL_TARGET_AVX2 SWL_INLINE void swl_requantise_row_avx2(const struct swl_requantisation *r, const int32_t *sums, int64_t channel, int64_t count,
                                                        int64_t element, uint8_t *output) {
  if (r->residual) {
    swl_requantise_row(r, sums, channel, count, element, output);
    return;
  }
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m256i low = swl_requantise_eight(r, sums + i, channel + i), high = swl_requantise_eight(r, sums + i + 8, channel + i + 8);
    __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xD8);
    words = _mm256_and_si256(words, _mm256_set1_epi16(0xFF));
    __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128((__m128i *)(output + element + i), bytes);
    if (r->table) {
      for (int64_t j = i; j < i + 16; j++) output[element + j] = r->table[output[element + j]];
    }
  }
  if (i < count) swl_requantise_row(r, sums + i, channel + i, count - i, element + i, output);
}

#endif
#endif
