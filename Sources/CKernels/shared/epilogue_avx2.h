// Requantisation sixteen channels at a time: the same values as swl_requantise_row, in vectors.
#ifndef SWL_EPILOGUE_AVX2_H
#define SWL_EPILOGUE_AVX2_H

#if defined(__x86_64__)
#include "epilogue.h"
#include "table_avx2.h"

#include <immintrin.h>

SWL_TARGET_AVX2 SWL_INLINE __m256i swl_biased(const struct swl_requantisation *r, const int32_t *sums, int64_t channel) {
  return _mm256_add_epi32(_mm256_loadu_si256((const __m256i *)sums), _mm256_loadu_si256((const __m256i *)(r->bias + channel)));
}

// Eight values of t: cvtps rounds ties to even, as swl_round does.
SWL_TARGET_AVX2 SWL_INLINE __m256i swl_requantise_eight(const struct swl_requantisation *r, const int32_t *sums, int64_t channel) {
  __m256 product = _mm256_mul_ps(_mm256_cvtepi32_ps(swl_biased(r, sums, channel)), _mm256_loadu_ps(r->multipliers + channel));
  product = _mm256_min_ps(_mm256_max_ps(product, _mm256_set1_ps(r->middle_lower)), _mm256_set1_ps(r->middle_upper));
  return _mm256_add_epi32(_mm256_cvtps_epi32(product), _mm256_set1_epi32(r->middle_zero_point));
}

// What a narrow requantisation (see swl_requantisation) needs of sixteen channels whose sums already hold their bias; or of eight,
// twice.
// Its bounds are integers within the type, so clamping after rounding, by the saturation of packing and on bytes, gives what
// clamping the product gives.
struct swl_narrow_avx2 {
  __m256 low_multiplier, high_multiplier;
  __m256i zero_point, lower, upper, flip;
};

// Whether the middle's bytes are what packing saturates to: zero point 0, no further bounds, nothing to flip.
SWL_INLINE bool swl_is_bare(const struct swl_requantisation *r) {
  return r->middle_zero_point == 0 && r->middle_flip == 0 && r->middle_lower <= 0 && r->middle_upper >= 255;
}

SWL_TARGET_AVX2 SWL_INLINE struct swl_narrow_avx2 swl_narrow_avx2(const struct swl_requantisation *r, int64_t channel, bool is_wide) {
  const int32_t offset = r->middle_zero_point + r->middle_flip;
  return (struct swl_narrow_avx2){
      .low_multiplier = _mm256_loadu_ps(r->multipliers + channel),
      .high_multiplier = _mm256_loadu_ps(r->multipliers + channel + (is_wide ? 8 : 0)),
      .zero_point = _mm256_set1_epi16((short)offset),
      .lower = _mm256_set1_epi8((char)((int32_t)r->middle_lower + offset)),
      .upper = _mm256_set1_epi8((char)((int32_t)r->middle_upper + offset)),
      .flip = _mm256_set1_epi8((char)r->middle_flip),
  };
}

// Products of 16 bits, saturated, in the order of channels 0…3, 8…11, 4…7, 12…15.
SWL_TARGET_AVX2 SWL_INLINE __m256i swl_narrow_products(const struct swl_narrow_avx2 *n, __m256i low, __m256i high) {
  low = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(low), n->low_multiplier));
  high = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(high), n->high_multiplier));
  return _mm256_packs_epi32(low, high);
}

// In the same order.
SWL_TARGET_AVX2 SWL_INLINE __m256i swl_narrow_words(const struct swl_narrow_avx2 *n, __m256i low, __m256i high) {
  return _mm256_adds_epi16(swl_narrow_products(n, low, high), n->zero_point);
}

// Stored bytes of words that have met the zero point, in the order that packing makes.
SWL_TARGET_AVX2 SWL_INLINE __m256i swl_narrow_packed(const struct swl_narrow_avx2 *n, __m256i first, __m256i second) {
  return _mm256_xor_si256(_mm256_min_epu8(_mm256_max_epu8(_mm256_packus_epi16(first, second), n->lower), n->upper), n->flip);
}

// Packed bytes of two pixels: sixteen channels in order, one pixel in each half.
SWL_TARGET_AVX2 SWL_INLINE __m256i swl_two_pixels(__m256i packed) {
  return _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

// Two pixels' sixteen channels, one in each half, from their words.
SWL_TARGET_AVX2 SWL_INLINE __m256i swl_narrow_two_words(const struct swl_narrow_avx2 *n, __m256i first, __m256i second) {
  return swl_two_pixels(swl_narrow_packed(n, first, second));
}

SWL_TARGET_AVX2 SWL_INLINE __m256i swl_narrow_two(const struct swl_narrow_avx2 *n, __m256i first_low, __m256i first_high, __m256i second_low,
                                                  __m256i second_high) {
  return swl_narrow_two_words(n, swl_narrow_words(n, first_low, first_high), swl_narrow_words(n, second_low, second_high));
}

// The same of a bare middle.
SWL_TARGET_AVX2 SWL_INLINE __m256i swl_narrow_two_bare(const struct swl_narrow_avx2 *n, __m256i first_low, __m256i first_high, __m256i second_low,
                                                       __m256i second_high) {
  return swl_two_pixels(_mm256_packus_epi16(swl_narrow_products(n, first_low, first_high), swl_narrow_products(n, second_low, second_high)));
}

// Sixteen words in order.
SWL_TARGET_AVX2 SWL_INLINE __m128i swl_narrow_bytes(const struct swl_narrow_avx2 *n, __m256i words) {
  __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  bytes = _mm_min_epu8(_mm_max_epu8(bytes, _mm256_castsi256_si128(n->lower)), _mm256_castsi256_si128(n->upper));
  return _mm_xor_si128(bytes, _mm256_castsi256_si128(n->flip));
}

SWL_TARGET_AVX2 SWL_INLINE __m128i swl_narrow_one(const struct swl_narrow_avx2 *n, __m256i low, __m256i high) {
  return swl_narrow_bytes(n, _mm256_permute4x64_epi64(swl_narrow_words(n, low, high), 0xD8));
}

// The requantisation's table, or its gates, ready for look-ups; NULL where it has neither.
SWL_TARGET_AVX2 SWL_INLINE const struct swl_table_avx2 *swl_prepared_table(const struct swl_requantisation *r, struct swl_table_avx2 *prepared) {
  const uint8_t *plain = r->gates ? r->gates : r->table;
  if (!plain) return NULL;
  swl_prepare_table_avx2(prepared, plain);
  return prepared;
}

// The index of each word's gate, in the order that packing two vectors makes of them.
SWL_TARGET_AVX2 SWL_INLINE __m256i swl_gate_places(__m256i first, __m256i second) {
  __m256i places = _mm256_packs_epi16(_mm256_srai_epi16(first, 8), _mm256_srai_epi16(second, 8));
  return _mm256_xor_si256(places, _mm256_set1_epi8((char)0x80));
}

// Words through their gates, which are widened. Multiplying with rounding, once by 128 × gate and once by the factor, is what the
// definition's shifts by 8 and by 15 do.
SWL_TARGET_AVX2 SWL_INLINE __m256i swl_gated_words(const struct swl_narrow_avx2 *n, int32_t factor, __m256i words, __m256i gates) {
  const __m256i product = _mm256_mulhrs_epi16(words, _mm256_slli_epi16(gates, 7));
  return _mm256_adds_epi16(_mm256_mulhrs_epi16(product, _mm256_set1_epi16((short)factor)), n->zero_point);
}

// Words to stored bytes by their gates; the order is still that of packing.
SWL_TARGET_AVX2 SWL_INLINE __m256i swl_gated_bytes(const struct swl_narrow_avx2 *n, int32_t factor, __m256i first, __m256i second, __m256i gates) {
  const __m256i zero = _mm256_setzero_si256();
  first = swl_gated_words(n, factor, first, _mm256_unpacklo_epi8(gates, zero));
  second = swl_gated_words(n, factor, second, _mm256_unpackhi_epi8(gates, zero));
  return swl_narrow_packed(n, first, second);
}

// Four pixels' products, sixteen channels each: their bytes, a pixel in each half.
SWL_TARGET_AVX2 SWL_INLINE void swl_gated_four(const struct swl_narrow_avx2 *n, const struct swl_table_avx2 *gates, int32_t factor, const __m256i words[4],
                                               __m256i *first, __m256i *second) {
  *first = swl_gate_places(words[0], words[1]), *second = swl_gate_places(words[2], words[3]);
  swl_look_up_two(gates, first, second);
  *first = swl_two_pixels(swl_gated_bytes(n, factor, words[0], words[1], *first));
  *second = swl_two_pixels(swl_gated_bytes(n, factor, words[2], words[3], *second));
}

SWL_TARGET_AVX2 __attribute__((noinline, unused)) static void swl_look_up_sixteen(const uint8_t *table, uint8_t *bytes) {
  for (int i = 0; i < 16; i++) bytes[i] = table[bytes[i]];
}

SWL_TARGET_AVX2 SWL_INLINE __m128i swl_low_bytes(__m256i low, __m256i high) {
  const __m256i mask = _mm256_set1_epi32(0xFF);
  __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(_mm256_and_si256(low, mask), _mm256_and_si256(high, mask)), 0xD8);
  return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

// The stored bytes of sixteen channels, less `offset` once they are unsigned, times `scale`.
SWL_TARGET_AVX2 SWL_INLINE void swl_real_sixteen(__m128i bytes, int32_t flip, int32_t offset, float scale, __m256 *low, __m256 *high) {
  const __m256i zero = _mm256_set1_epi32(flip + offset);
  bytes = _mm_xor_si128(bytes, _mm_set1_epi8((char)flip));
  *low = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_cvtepu8_epi32(bytes), zero)), _mm256_set1_ps(scale));
  *high = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_cvtepu8_epi32(_mm_unpackhi_epi64(bytes, bytes)), zero)), _mm256_set1_ps(scale));
}

// As swl_requantise_residual: `bytes` are the stored form of sixteen channels' t, or of what the table made of it; `residual` is
// the residual's.
SWL_TARGET_AVX2 SWL_INLINE __m128i swl_add_residual_sixteen(const struct swl_requantisation *r, __m128i bytes, __m128i residual) {
  __m256 own_low, own_high, low, high;
  swl_real_sixteen(bytes, r->output_flip, r->table_zero_point, r->middle_scale, &own_low, &own_high);
  swl_real_sixteen(residual, r->residual_flip, r->residual_zero_point, r->residual_scale, &low, &high);
  const __m256 scale = _mm256_set1_ps(r->output_scale), lower = _mm256_set1_ps(r->output_lower), upper = _mm256_set1_ps(r->output_upper);
  const __m256i zero_point = _mm256_set1_epi32(r->output_zero_point);
  low = _mm256_div_ps(_mm256_add_ps(own_low, low), scale), high = _mm256_div_ps(_mm256_add_ps(own_high, high), scale);
  low = _mm256_min_ps(_mm256_max_ps(low, lower), upper), high = _mm256_min_ps(_mm256_max_ps(high, lower), upper);
  return swl_low_bytes(_mm256_add_epi32(_mm256_cvtps_epi32(low), zero_point), _mm256_add_epi32(_mm256_cvtps_epi32(high), zero_point));
}

// One pixel's sixteen channels by gates, of a narrow requantisation.
SWL_TARGET_AVX2 SWL_INLINE __m128i swl_gated_one(const struct swl_requantisation *r, const struct swl_narrow_avx2 *n, __m256i low, __m256i high) {
  const __m256i words = _mm256_permute4x64_epi64(swl_narrow_products(n, low, high), 0xD8);
  const __m256i places = swl_gate_places(words, words);
  uint8_t gates[16];
  _mm_storeu_si128((__m128i *)gates, _mm_unpacklo_epi64(_mm256_castsi256_si128(places), _mm256_extracti128_si256(places, 1)));
  swl_look_up_sixteen(r->gates, gates);
  return swl_narrow_bytes(n, swl_gated_words(n, r->gate_factor, words, _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)gates))));
}

// Not inlined: kernels call it from many places, all of them rare or followed by it alone.
SWL_TARGET_AVX2 __attribute__((noinline, unused)) static void swl_requantise_row_avx2(const struct swl_requantisation *r, const int32_t *sums, int64_t channel, int64_t count,
                                                        int64_t element, uint8_t *output) {
  if ((r->gates || r->residual) && !r->is_narrow) {
    swl_requantise_row(r, sums, channel, count, element, output);
    return;
  }
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    uint8_t *bytes = output + element + i;
    __m128i result;
    if (r->is_narrow) {
      const struct swl_narrow_avx2 narrow = swl_narrow_avx2(r, channel + i, true);
      const __m256i low = swl_biased(r, sums + i, channel + i), high = swl_biased(r, sums + i + 8, channel + i + 8);
      result = r->gates ? swl_gated_one(r, &narrow, low, high) : swl_narrow_one(&narrow, low, high);
    } else {
      result = swl_low_bytes(swl_requantise_eight(r, sums + i, channel + i), swl_requantise_eight(r, sums + i + 8, channel + i + 8));
    }
    if (r->table) {
      _mm_storeu_si128((__m128i *)bytes, result);
      swl_look_up_sixteen(r->table, bytes);
      result = _mm_loadu_si128((const __m128i *)bytes);
    }
    if (r->residual) result = swl_add_residual_sixteen(r, result, _mm_loadu_si128((const __m128i *)(r->residual + element + i)));
    _mm_storeu_si128((__m128i *)bytes, result);
  }
  if (i < count) swl_requantise_row(r, sums + i, channel + i, count - i, element + i, output);
}

#endif
#endif
