// What compilers don't find for themselves on AVX2: packed 4:2:2 to planes sixteen pixels at a time, and columns of three channels resampled
// together. The same bits as the loops that they stand in for.
#include <immintrin.h>
#include <string.h>

#define SWL_AVX2 __attribute__((target("avx2")))

SWL_AVX2 static inline __m256i two_words(int16_t even, int16_t odd) { return _mm256_set1_epi32((int32_t)((uint32_t)(uint16_t)odd << 16 | (uint16_t)even)); }

// Values of 13-bit fixed point as words.
SWL_AVX2 static inline __m256i rounded_words(__m256i low, __m256i high) {
  return _mm256_packs_epi32(_mm256_srai_epi32(low, 13), _mm256_srai_epi32(high, 13));
}

// Sixteen pixels of packed 4:2:2; `is_luma_first` is a constant at every call.
SWL_AVX2 static inline void convert_sixteen(const int is_luma_first, const struct swl_colour_coefficients *c, const uint8_t *from, uint8_t *r, uint8_t *g,
                                            uint8_t *b) {
  const __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)from);
  const __m256i even = _mm256_and_si256(bytes, _mm256_set1_epi16(0xFF)), odd = _mm256_srli_epi16(bytes, 8);
  const __m256i y = _mm256_sub_epi16(is_luma_first ? even : odd, _mm256_set1_epi16(c->y_offset));
  const __m256i chroma = _mm256_sub_epi16(is_luma_first ? odd : even, _mm256_set1_epi16(128));
  const __m256i u = _mm256_shufflehi_epi16(_mm256_shufflelo_epi16(chroma, 0xA0), 0xA0), v = _mm256_shufflehi_epi16(_mm256_shufflelo_epi16(chroma, 0xF5), 0xF5);
  const __m256i half = _mm256_set1_epi32(4096), one = _mm256_set1_epi16(1);
  const __m256i by_r = two_words(c->y_scale, c->r_v), by_b = two_words(c->y_scale, c->b_u);
  const __m256i by_g = two_words(c->y_scale, (int16_t)-c->g_v), by_gu = two_words((int16_t)-c->g_u, 4096);
  const __m256i yv_low = _mm256_unpacklo_epi16(y, v), yv_high = _mm256_unpackhi_epi16(y, v);
  const __m256i yu_low = _mm256_unpacklo_epi16(y, u), yu_high = _mm256_unpackhi_epi16(y, u);
  const __m256i red = rounded_words(_mm256_add_epi32(_mm256_madd_epi16(yv_low, by_r), half), _mm256_add_epi32(_mm256_madd_epi16(yv_high, by_r), half));
  const __m256i blue = rounded_words(_mm256_add_epi32(_mm256_madd_epi16(yu_low, by_b), half), _mm256_add_epi32(_mm256_madd_epi16(yu_high, by_b), half));
  const __m256i green = rounded_words(
      _mm256_add_epi32(_mm256_madd_epi16(yv_low, by_g), _mm256_madd_epi16(_mm256_unpacklo_epi16(u, one), by_gu)),
      _mm256_add_epi32(_mm256_madd_epi16(yv_high, by_g), _mm256_madd_epi16(_mm256_unpackhi_epi16(u, one), by_gu)));
  const __m256i red_green = _mm256_permute4x64_epi64(_mm256_packus_epi16(red, green), 0xD8);
  const __m256i blue_blue = _mm256_permute4x64_epi64(_mm256_packus_epi16(blue, blue), 0xD8);
  _mm_storeu_si128((__m128i *)(void *)r, _mm256_castsi256_si128(red_green));
  _mm_storeu_si128((__m128i *)(void *)g, _mm256_extracti128_si256(red_green, 1));
  _mm_storeu_si128((__m128i *)(void *)b, _mm256_castsi256_si128(blue_blue));
}

// The first pixels of a packed row; gives how many pairs of them.
SWL_AVX2 static inline int32_t convert_packed_avx2(const uint8_t *from, int32_t width, const struct swl_colour_coefficients *c, int y0, uint8_t *r, uint8_t *g,
                                                   uint8_t *b) {
  int32_t x = 0;
  for (; x + 16 <= width; x += 16) {
    if (y0 == 0) {
      convert_sixteen(1, c, from + 2 * x, r + x, g + x, b + x);
    } else {
      convert_sixteen(0, c, from + 2 * x, r + x, g + x, b + x);
    }
  }
  return x / 2;
}

// Planes `pitch` apart to pixels of four bytes, the fourth 0.
SWL_AVX2 static inline void mix_planes_avx2(const uint8_t *planes, ptrdiff_t pitch, int32_t count, uint8_t *mixed) {
  int32_t x = 0;
  for (; x + 16 <= count; x += 16) {
    const __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(planes + x));
    const __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(planes + pitch + x));
    const __m128i c = _mm_loadu_si128((const __m128i *)(const void *)(planes + 2 * pitch + x)), zero = _mm_setzero_si128();
    const __m128i ab_low = _mm_unpacklo_epi8(a, b), ab_high = _mm_unpackhi_epi8(a, b), c_low = _mm_unpacklo_epi8(c, zero), c_high = _mm_unpackhi_epi8(c, zero);
    __m128i *to = (__m128i *)(void *)(mixed + 4 * (ptrdiff_t)x);
    _mm_storeu_si128(to, _mm_unpacklo_epi16(ab_low, c_low));
    _mm_storeu_si128(to + 1, _mm_unpackhi_epi16(ab_low, c_low));
    _mm_storeu_si128(to + 2, _mm_unpacklo_epi16(ab_high, c_high));
    _mm_storeu_si128(to + 3, _mm_unpackhi_epi16(ab_high, c_high));
  }
  for (; x < count; x++) {
    const uint8_t pixel[4] = {planes[x], planes[pitch + x], planes[2 * pitch + x], 0};
    memcpy(mixed + 4 * (ptrdiff_t)x, pixel, 4);
  }
}

// Columns of mixed pixels: each of the content's takes two neighbours, eight bytes, of all channels. Writes four sums a column.
SWL_AVX2 static inline void resample_mixed_avx2(const struct swl_preparation *p, const uint8_t *mixed, int32_t *out) {
  const __m128i neighbours = _mm_setr_epi8(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1);
  for (int32_t x = 0; x < p->content_width; x++) {
    const int32_t weight = p->x_weight[x], weights = weight << 16 | (2048 - weight);
    const __m128i both = _mm_shuffle_epi8(_mm_loadl_epi64((const __m128i *)(const void *)(mixed + 4 * (ptrdiff_t)p->x_first[x])), neighbours);
    _mm_storeu_si128((__m128i *)(void *)(out + 4 * (ptrdiff_t)x), _mm_madd_epi16(both, _mm_set1_epi32(weights)));
  }
}

SWL_AVX2 static inline __m256i blend_eight(const int32_t *upper, const int32_t *lower, __m256i rest, __m256i weight) {
  const __m256i a = _mm256_mullo_epi32(_mm256_loadu_si256((const __m256i *)(const void *)upper), rest);
  const __m256i b = _mm256_mullo_epi32(_mm256_loadu_si256((const __m256i *)(const void *)lower), weight);
  return _mm256_srli_epi32(_mm256_add_epi32(_mm256_add_epi32(a, b), _mm256_set1_epi32(1 << 21)), 22);
}

// The first sums of two rows to bytes; gives how many.
SWL_AVX2 static inline int32_t blend_avx2(const int32_t *upper, const int32_t *lower, int32_t weight, int32_t count, uint8_t *out) {
  const __m256i by_upper = _mm256_set1_epi32(2048 - weight), by_lower = _mm256_set1_epi32(weight), order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  int32_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i a = blend_eight(upper + i, lower + i, by_upper, by_lower), b = blend_eight(upper + i + 8, lower + i + 8, by_upper, by_lower);
    const __m256i c = blend_eight(upper + i + 16, lower + i + 16, by_upper, by_lower), d = blend_eight(upper + i + 24, lower + i + 24, by_upper, by_lower);
    const __m256i bytes = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    _mm256_storeu_si256((__m256i *)(void *)(out + i), _mm256_permutevar8x32_epi32(bytes, order));
  }
  return i;
}
