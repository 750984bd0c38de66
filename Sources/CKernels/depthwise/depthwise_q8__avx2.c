// Sixteen channels at a time; two taps meet in one vpmaddwd.
#if defined(__x86_64__)
#include "../shared/epilogue_avx2.h"
#include "depthwise_q8.h"

#include <immintrin.h>

SWL_TARGET_AVX2 SWL_INLINE __m256i load(const uint8_t *from, __m128i flip, __m256i offset) {
  __m128i bytes = _mm_xor_si128(_mm_loadu_si128((const __m128i *)from), flip);
  return _mm256_sub_epi16(_mm256_cvtepu8_epi16(bytes), offset);
}

SWL_TARGET_AVX2 SWL_INLINE void sum(const struct swl_depthwise_q8 *d, const uint8_t *const *taps, int64_t tap_count, int32_t *sums) {
  const int64_t channels = d->window.input_channels;
  if (channels < 16) {
    sum_plainly(d, taps, tap_count, 0, sums);
    return;
  }
  const __m128i flip = _mm_set1_epi8((char)d->input_flip);
  const __m256i offset = _mm256_set1_epi16((short)(d->input_flip + d->input_zero_point));
  const int16_t *weights = d->weights;
  for (int64_t block = 0; block < channels; block += 16) {
    int64_t first = swl_minimum(block, channels - 16);
    __m256i low = _mm256_setzero_si256(), high = _mm256_setzero_si256();
    for (int64_t tap = 0; tap < tap_count; tap += 2, weights += 32) {
      __m256i one = load(taps[tap] + first, flip, offset), two = load(taps[tap + 1] + first, flip, offset);
      __m256i low_weights = _mm256_loadu_si256((const __m256i *)weights), high_weights = _mm256_loadu_si256((const __m256i *)(weights + 16));
      low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(one, two), low_weights));
      high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_unpackhi_epi16(one, two), high_weights));
    }
    _mm256_storeu_si256((__m256i *)(sums + first), _mm256_permute2x128_si256(low, high, 0x20));
    _mm256_storeu_si256((__m256i *)(sums + first + 8), _mm256_permute2x128_si256(low, high, 0x31));
  }
}

#define KERNEL swl_depthwise_q8_16__avx2
#define TARGET SWL_TARGET_AVX2
#define SUM sum
#define REQUANTISE swl_requantise_row_avx2
#include "driver_q8.h"
#else
typedef int swl_not_x86;
#endif
