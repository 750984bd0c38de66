// A block of a gate by columns in vectors: see gate.h.
#ifndef SWL_GATE_AVX2_H
#define SWL_GATE_AVX2_H

#include "gate.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Eight bytes' numbers: an unsigned byte's value with the highest bit flipped is 128 more than the signed byte's.
SWL_TARGET_AVX2 SWL_INLINE __m256 swl_gate_bytes(const uint8_t *input, const bool is_signed, __m256i offset) {
  const __m128i bytes = _mm_loadl_epi64((const __m128i *)input);
  return _mm256_cvtepi32_ps(_mm256_sub_epi32(is_signed ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes), offset));
}

// Products to whole numbers. Bounded first: a product beyond 32 bits would become the least of them, whichever its sign.
SWL_TARGET_AVX2 SWL_INLINE __m256i swl_gate_numbers(__m256 products, __m256 lower, __m256 upper) {
  return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(products, lower), upper));
}

SWL_TARGET_AVX2 SWL_INLINE bool swl_gate_block(const struct swl_binary *a, const struct gated *g, const float *least, const float *greatest,
                                               const uint8_t *input, const bool is_signed, uint8_t *output) {
  const __m256i offset = _mm256_set1_epi32(g->input_offset - (is_signed ? 128 : 0)), order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  const __m256 lower = _mm256_set1_ps(a->output_lower), upper = _mm256_set1_ps(a->output_upper);
  // From the lower bound upwards all bounds are those of unsigned bytes.
  const __m256i rise = _mm256_set1_epi16((short)-(int32_t)a->output_lower);
  const __m256i base = _mm256_set1_epi8((char)((int32_t)a->output_lower + a->output_zero_point));
  __m256i differing = _mm256_setzero_si256();
  for (int i = 0; i < GATE_BLOCK; i += 32) {
    __m256i numbers[4];
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
      const __m256 values = swl_gate_bytes(input + i + 8 * k, is_signed, offset);
      numbers[k] = swl_gate_numbers(_mm256_mul_ps(values, _mm256_loadu_ps(least + i + 8 * k)), lower, upper);
      const __m256i others = swl_gate_numbers(_mm256_mul_ps(values, _mm256_loadu_ps(greatest + i + 8 * k)), lower, upper);
      differing = _mm256_or_si256(differing, _mm256_xor_si256(numbers[k], others));
    }
    const __m256i first = _mm256_adds_epi16(_mm256_packs_epi32(numbers[0], numbers[1]), rise);
    const __m256i second = _mm256_adds_epi16(_mm256_packs_epi32(numbers[2], numbers[3]), rise);
    const __m256i bytes = _mm256_add_epi8(_mm256_packus_epi16(first, second), base);
    _mm256_storeu_si256((__m256i *)(output + i), _mm256_permutevar8x32_epi32(bytes, order));
  }
  return _mm256_testz_si256(differing, differing);
}

SWL_TARGET_AVX2 SWL_INLINE bool swl_gate_block_avx2(const struct swl_binary *a, const struct gated *g, const float *least, const float *greatest,
                                                    const uint8_t *input, uint8_t *output) {
  return g->input_flip ? swl_gate_block(a, g, least, greatest, input, true, output) : swl_gate_block(a, g, least, greatest, input, false, output);
}

#endif
#endif
