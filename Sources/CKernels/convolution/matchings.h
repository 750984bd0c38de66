// Partners for the elements of many windows at once, a window a byte of each vector: as match, with the same result. For packing, on AVX2.
#ifndef SWL_MATCHINGS_H
#define SWL_MATCHINGS_H

#if defined(__x86_64__)
#include "matching.h"

#define SWL_MATCHINGS 32

struct matchings {
  // For each element, whom it may meet: windows' bits 0 to 7, and 8 to 15.
  __m256i low[SWL_MATCHING_ELEMENTS], high[SWL_MATCHING_ELEMENTS];
  __m256i counts; // elements of each window; 0: no window
  // The elements that were taken together in each step, windows side by side; GONE for the second of one that is alone, and for both of a
  // window that is done.
  int steps;
  uint8_t first[SWL_MATCHING_ELEMENTS][SWL_MATCHINGS], second[SWL_MATCHING_ELEMENTS][SWL_MATCHINGS];
};

#define GONE 0xFF

SWL_TARGET_AVX2 SWL_INLINE __m256i ones_of(__m256i bytes) {
  const __m256i nibble = _mm256_set1_epi8(15), ones = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
  const __m256i low = _mm256_and_si256(bytes, nibble), high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
  return _mm256_add_epi8(_mm256_shuffle_epi8(ones, low), _mm256_shuffle_epi8(ones, high));
}

// Takes each window's element out of its keys and the free ones, and gives its neighbours that are free.
SWL_TARGET_AVX2 SWL_INLINE void take_out(const struct matchings *m, __m256i element, __m256i keys[SWL_MATCHING_ELEMENTS], __m256i free[2], __m256i choices[2]) {
  const __m256i bits[2] = {_mm256_broadcastsi128_si256(_mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0)),
                           _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, -128))};
  __m256i low = _mm256_setzero_si256(), high = low;
#pragma GCC unroll 16
  for (int i = 0; i < SWL_MATCHING_ELEMENTS; i++) {
    const __m256i here = _mm256_cmpeq_epi8(element, _mm256_set1_epi8((char)i));
    keys[i] = _mm256_or_si256(keys[i], here);
    low = _mm256_or_si256(low, _mm256_and_si256(here, m->low[i])), high = _mm256_or_si256(high, _mm256_and_si256(here, m->high[i]));
  }
  for (int half = 0; half < 2; half++) free[half] = _mm256_andnot_si256(_mm256_shuffle_epi8(bits[half], element), free[half]);
  choices[0] = _mm256_and_si256(low, free[0]), choices[1] = _mm256_and_si256(high, free[1]);
}

// Neighbours have a choice less; gives the least of their keys.
SWL_TARGET_AVX2 SWL_INLINE __m256i lessen(const __m256i choices[2], __m256i keys[SWL_MATCHING_ELEMENTS]) {
  __m256i least = _mm256_set1_epi8(-1);
#pragma GCC unroll 16
  for (int i = 0; i < SWL_MATCHING_ELEMENTS; i++) {
    const __m256i bit = _mm256_set1_epi8((char)(1 << i % 8)), others = _mm256_cmpeq_epi8(_mm256_and_si256(choices[i / 8], bit), _mm256_setzero_si256());
    keys[i] = _mm256_sub_epi8(keys[i], _mm256_andnot_si256(others, _mm256_set1_epi8(16)));
    least = _mm256_min_epu8(least, _mm256_or_si256(keys[i], others));
  }
  return least;
}

// The element of a key; GONE stays.
SWL_TARGET_AVX2 SWL_INLINE __m256i element_of(__m256i key) {
  return _mm256_or_si256(_mm256_and_si256(key, _mm256_set1_epi8(15)), _mm256_cmpeq_epi8(key, _mm256_set1_epi8((char)GONE)));
}

// As in `match`, but that a key is 16 × choices + element. An element 15 with fifteen choices would have the key GONE, but others come before it while
// it has so many, and as their partner it has one less.
SWL_TARGET_AVX2 static void match_together(struct matchings *m) {
  __m256i keys[SWL_MATCHING_ELEMENTS], free[2] = {_mm256_set1_epi8(-1), _mm256_set1_epi8(-1)}, choices[2];
  for (int i = 0; i < SWL_MATCHING_ELEMENTS; i++) {
    const __m256i count = _mm256_add_epi8(ones_of(m->low[i]), ones_of(m->high[i])), element = _mm256_set1_epi8((char)i);
    const __m256i present = _mm256_cmpgt_epi8(m->counts, element);
    keys[i] = _mm256_blendv_epi8(_mm256_set1_epi8((char)GONE), _mm256_or_si256(_mm256_slli_epi16(count, 4), element), present);
  }
  for (m->steps = 0; m->steps < SWL_MATCHING_ELEMENTS; m->steps++) {
    __m256i least = keys[0];
    for (int i = 1; i < SWL_MATCHING_ELEMENTS; i++) least = _mm256_min_epu8(least, keys[i]);
    const __m256i first = element_of(least);
    if (_mm256_movemask_epi8(first) == -1) return;
    take_out(m, first, keys, free, choices);
    const __m256i second = element_of(lessen(choices, keys));
    take_out(m, second, keys, free, choices);
    lessen(choices, keys);
    _mm256_storeu_si256((__m256i *)(void *)m->first[m->steps], first);
    _mm256_storeu_si256((__m256i *)(void *)m->second[m->steps], second);
  }
}

// Each window's first eight steps, the two elements of one after the other: all that a window has where nobody was alone.
SWL_TARGET_AVX2 static void gather_pairs(const struct matchings *m, uint8_t pairs[SWL_MATCHINGS][SWL_MATCHING_ELEMENTS]) {
  for (int half = 0; half < SWL_MATCHINGS; half += 16) {
    __m128i a[16], b[16];
    for (int step = 0; step < 8; step++) {
      const __m128i first = _mm_loadu_si128((const __m128i *)(const void *)(m->first[step] + half));
      const __m128i second = _mm_loadu_si128((const __m128i *)(const void *)(m->second[step] + half));
      a[step] = _mm_unpacklo_epi8(first, second), a[step + 8] = _mm_unpackhi_epi8(first, second);
    }
    // Eight steps of eight windows, turned, twice.
    for (int i = 0; i < 16; i += 8) {
      for (int j = 0; j < 4; j++) b[2 * j] = _mm_unpacklo_epi16(a[i + j], a[i + j + 4]), b[2 * j + 1] = _mm_unpackhi_epi16(a[i + j], a[i + j + 4]);
      for (int j = 0; j < 4; j++) a[i + 2 * j] = _mm_unpacklo_epi16(b[j], b[j + 4]), a[i + 2 * j + 1] = _mm_unpackhi_epi16(b[j], b[j + 4]);
      for (int j = 0; j < 4; j++) b[2 * j] = _mm_unpacklo_epi16(a[i + j], a[i + j + 4]), b[2 * j + 1] = _mm_unpackhi_epi16(a[i + j], a[i + j + 4]);
      for (int w = 0; w < 8; w++) _mm_storeu_si128((__m128i *)(void *)pairs[half + i + w], b[w]);
    }
  }
}

#endif
#endif
