// Narrow requantisation (see swl_requantisation) 64 bytes at a time: the same values as swl_requantise_row.
#ifndef SWL_EPILOGUE_AVX512_H
#define SWL_EPILOGUE_AVX512_H

#if defined(__x86_64__)
#include "epilogue.h"
#include "table_avx512.h"

#include <immintrin.h>

// Bounds are integers within the type, so clamping after rounding, by the saturation of packing and on bytes, gives what clamping the
// product gives.
struct swl_narrow_avx512 {
  __m512i zero_point, lower, upper, flip;
};

SWL_TARGET_AVX512_VNNI SWL_INLINE struct swl_narrow_avx512 swl_narrow_avx512(const struct swl_requantisation *r) {
  const int32_t offset = r->middle_zero_point + r->middle_flip;
  return (struct swl_narrow_avx512){
      .zero_point = _mm512_set1_epi16((short)offset),
      .lower = _mm512_set1_epi8((char)((int32_t)r->middle_lower + offset)),
      .upper = _mm512_set1_epi8((char)((int32_t)r->middle_upper + offset)),
      .flip = _mm512_set1_epi8((char)r->middle_flip),
  };
}

// The table of a narrow requantisation, or its gates, ready for look-ups; NULL where it has neither, or isn't narrow.
SWL_TARGET_AVX512_VNNI SWL_INLINE const struct swl_table_avx512 *swl_prepared_table_avx512(const struct swl_requantisation *r,
                                                                                           struct swl_table_avx512 *prepared) {
  const uint8_t *plain = r->gates ? r->gates : r->table;
  if (!plain || !r->is_narrow) return NULL;
  swl_prepare_table_avx512(prepared, plain);
  return prepared;
}

// Sums that hold their bias, sixteen times four. `words` and bytes made of them stand in the order of packing: quarter i of a vector has
// elements 4 i … 4 i + 3 of each of the four.
struct swl_words_avx512 {
  __m512i first, second;
};

// Products of 16 bits, saturated.
SWL_TARGET_AVX512_VNNI SWL_INLINE __m512i swl_products_avx512(__m512i a, __m512 by_a, __m512i b, __m512 by_b) {
  a = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(a), by_a));
  b = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(b), by_b));
  return _mm512_packs_epi32(a, b);
}

SWL_TARGET_AVX512_VNNI SWL_INLINE __m512i swl_stored_avx512(const struct swl_narrow_avx512 *n, __m512i first, __m512i second) {
  const __m512i bytes = _mm512_packus_epi16(first, second);
  return _mm512_xor_si512(_mm512_min_epu8(_mm512_max_epu8(bytes, n->lower), n->upper), n->flip);
}

SWL_TARGET_AVX512_VNNI SWL_INLINE __m512i swl_bytes_avx512(const struct swl_narrow_avx512 *n, struct swl_words_avx512 w) {
  return swl_stored_avx512(n, _mm512_adds_epi16(w.first, n->zero_point), _mm512_adds_epi16(w.second, n->zero_point));
}

// The places of the words' gates, and the stored bytes by them: see swl_gated.
SWL_TARGET_AVX512_VNNI SWL_INLINE __m512i swl_gate_places_avx512(struct swl_words_avx512 w) {
  const __m512i places = _mm512_packs_epi16(_mm512_srai_epi16(w.first, 8), _mm512_srai_epi16(w.second, 8));
  return _mm512_xor_si512(places, _mm512_set1_epi8((char)0x80));
}

SWL_TARGET_AVX512_VNNI SWL_INLINE __m512i swl_gated_words_avx512(const struct swl_narrow_avx512 *n, __m512i factor, __m512i words, __m512i gates) {
  const __m512i product = _mm512_mulhrs_epi16(words, _mm512_slli_epi16(gates, 7));
  return _mm512_adds_epi16(_mm512_mulhrs_epi16(product, factor), n->zero_point);
}

SWL_TARGET_AVX512_VNNI SWL_INLINE __m512i swl_gated_bytes_avx512(const struct swl_narrow_avx512 *n, int32_t gate_factor, struct swl_words_avx512 w,
                                                                 __m512i gates) {
  const __m512i zero = _mm512_setzero_si512(), factor = _mm512_set1_epi16((short)gate_factor);
  return swl_stored_avx512(n, swl_gated_words_avx512(n, factor, w.first, _mm512_unpacklo_epi8(gates, zero)),
                           swl_gated_words_avx512(n, factor, w.second, _mm512_unpackhi_epi8(gates, zero)));
}

// From the order of packing: the first vector's sixteen bytes, then the second's, and so on.
SWL_TARGET_AVX512_VNNI SWL_INLINE __m512i swl_in_order_avx512(__m512i bytes) {
  return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), bytes);
}

// Sixteen stored bytes, less `offset` once they are unsigned, times `scale`.
SWL_TARGET_AVX512_VNNI SWL_INLINE __m512 swl_real_avx512(__m128i bytes, int32_t flip, int32_t offset, float scale) {
  const __m512i values = _mm512_cvtepu8_epi32(_mm_xor_si128(bytes, _mm_set1_epi8((char)flip)));
  return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(values, _mm512_set1_epi32(flip + offset))), _mm512_set1_ps(scale));
}

// As swl_requantise_residual: `bytes` are the stored form of t, or of what the table made of it.
SWL_TARGET_AVX512_VNNI SWL_INLINE __m128i swl_add_residual_avx512(const struct swl_requantisation *r, __m128i bytes, __m128i residual) {
  const __m512 own = swl_real_avx512(bytes, r->output_flip, r->table_zero_point, r->middle_scale);
  const __m512 other = swl_real_avx512(residual, r->residual_flip, r->residual_zero_point, r->residual_scale);
  __m512 sum = _mm512_div_ps(_mm512_add_ps(own, other), _mm512_set1_ps(r->output_scale));
  sum = _mm512_min_ps(_mm512_max_ps(sum, _mm512_set1_ps(r->output_lower)), _mm512_set1_ps(r->output_upper));
  return _mm512_cvtepi32_epi8(_mm512_add_epi32(_mm512_cvtps_epi32(sum), _mm512_set1_epi32(r->output_zero_point)));
}

SWL_TARGET_AVX512_VNNI __attribute__((noinline, unused)) static __m512i swl_add_residuals_avx512(const struct swl_requantisation *r, __m512i bytes,
                                                                                         __m512i residual) {
  const __m128i a = swl_add_residual_avx512(r, _mm512_castsi512_si128(bytes), _mm512_castsi512_si128(residual));
  const __m128i b = swl_add_residual_avx512(r, _mm512_extracti32x4_epi32(bytes, 1), _mm512_extracti32x4_epi32(residual, 1));
  const __m128i c = swl_add_residual_avx512(r, _mm512_extracti32x4_epi32(bytes, 2), _mm512_extracti32x4_epi32(residual, 2));
  const __m128i d = swl_add_residual_avx512(r, _mm512_extracti32x4_epi32(bytes, 3), _mm512_extracti32x4_epi32(residual, 3));
  const __m512i low = _mm512_inserti32x4(_mm512_castsi128_si512(a), b, 1);
  return _mm512_inserti32x4(_mm512_inserti32x4(low, c, 2), d, 3);
}

#endif
#endif
