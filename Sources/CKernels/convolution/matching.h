// Partners for up to sixteen elements, some of which may meet: for packing, on AVX2.
#ifndef SWL_MATCHING_H
#define SWL_MATCHING_H

#if defined(__x86_64__)
#include "../shared/targets.h"

#include <immintrin.h>
#include <stdbool.h>

#define SWL_MATCHING_ELEMENTS 16
#define ALONE (-1)

// Which elements may meet which, a bit each, and the partners that were found; ALONE without one. Pairs stand as they were found.
struct matching {
  int count;
  unsigned may_meet[SWL_MATCHING_ELEMENTS];
  int partner[SWL_MATCHING_ELEMENTS];
  uint8_t pairs[SWL_MATCHING_ELEMENTS];
};

SWL_INLINE void join(struct matching *m, int a, int b) { m->partner[a] = b, m->partner[b] = a; }

// Two that are alone change partners with a pair where that serves both.
SWL_INLINE bool exchange(struct matching *m, int a, int b) {
  for (unsigned rest = m->may_meet[a]; rest != 0; rest &= rest - 1) {
    const int c = __builtin_ctz(rest), d = m->partner[c];
    if (d == ALONE || (m->may_meet[d] >> b & 1) == 0) continue;
    join(m, a, c), join(m, d, b);
    return true;
  }
  return false;
}

// Tries it for all that are alone, a bit each.
SWL_INLINE void exchange_all(struct matching *m, unsigned alone) {
  for (; alone != 0; alone &= alone - 1) {
    const int a = __builtin_ctz(alone);
    for (unsigned others = alone & (alone - 1); others != 0; others &= others - 1) {
      const int b = __builtin_ctz(others);
      if (!exchange(m, a, b)) continue;
      alone &= ~(1u << b);
      break;
    }
  }
}

// Sixteen lanes: all bits where `bits` has the lane's.
SWL_TARGET_AVX2 SWL_INLINE __m256i lanes_of(unsigned bits) {
  const __m256i own = _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, -32768);
  return _mm256_cmpeq_epi16(_mm256_and_si256(_mm256_set1_epi16((short)bits), own), own);
}

SWL_TARGET_AVX2 SWL_INLINE unsigned least_of(__m256i lanes) {
  return (unsigned)_mm_cvtsi128_si32(_mm_minpos_epu16(_mm_min_epu16(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1)))) & 0xFFFF;
}

// Gives those that were alone before partners were exchanged, a bit each: without any `pairs` holds all elements.
//
// The element with the fewest choices comes first and takes the partner that has the fewest. Not always the most pairs, but nearly, and to
// miss one costs speed alone. After R. M. Karp and M. Sipser, "Maximum matchings in sparse random graphs", 1981.
SWL_TARGET_AVX2 __attribute__((unused)) static unsigned match(struct matching *m) {
  // For each element that is free, 256 × its choices + itself.
  uint16_t counts[SWL_MATCHING_ELEMENTS];
  for (int i = 0; i < SWL_MATCHING_ELEMENTS; i++) counts[i] = i < m->count ? (uint16_t)(__builtin_popcount(m->may_meet[i]) << 8 | i) : 0xFFFF;
  __m256i keys = _mm256_loadu_si256((const __m256i *)(const void *)counts);
  const __m256i one = _mm256_set1_epi16(256);
  unsigned available = (1u << m->count) - 1, alone = 0;
  int place = 0;
  while (available != 0) {
    const int a = (int)(least_of(keys) & 0xFF);
    available &= ~(1u << a);
    unsigned choices = m->may_meet[a] & available;
    m->partner[a] = ALONE;
    keys = _mm256_or_si256(keys, lanes_of(1u << a));
    if (choices == 0) {
      alone |= 1u << a;
      continue;
    }
    __m256i theirs = lanes_of(choices);
    keys = _mm256_sub_epi16(keys, _mm256_and_si256(theirs, one));
    const int b = (int)(least_of(_mm256_or_si256(keys, _mm256_andnot_si256(theirs, _mm256_set1_epi16(-1)))) & 0xFF);
    available &= ~(1u << b);
    join(m, a, b);
    m->pairs[place++] = (uint8_t)a, m->pairs[place++] = (uint8_t)b;
    keys = _mm256_sub_epi16(_mm256_or_si256(keys, lanes_of(1u << b)), _mm256_and_si256(lanes_of(m->may_meet[b] & available), one));
  }
  exchange_all(m, alone);
  return alone;
}

#endif
#endif
