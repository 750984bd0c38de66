// Tables of 256 bytes, 64 look-ups at a time.
#ifndef SWL_TABLE_AVX2_H
#define SWL_TABLE_AVX2_H

#if defined(__x86_64__)
#include "targets.h"

#include <immintrin.h>

// Sixteenth by sixteenth, what differs (by exclusive or) from the sixteenth before; each half of the table begins anew. vpshufb
// gives 0 where the index's top bit is set. So once 16 has been taken off an index i times, saturating, the differences that it
// has met are those up to its own sixteenth.
struct swl_table_avx2 {
  __m128i differences[16];
};

SWL_TARGET_AVX2 SWL_INLINE void swl_prepare_table_avx2(struct swl_table_avx2 *prepared, const uint8_t *table) {
  __m128i before = _mm_setzero_si128();
  for (int i = 0; i < 16; i++) {
    __m128i sixteenth = _mm_loadu_si128((const __m128i *)(table + 16 * i));
    prepared->differences[i] = i == 8 ? sixteenth : _mm_xor_si128(sixteenth, before);
    before = sixteenth;
  }
}

SWL_TARGET_AVX2 SWL_INLINE void swl_look_up_two(const struct swl_table_avx2 *table, __m256i *first, __m256i *second) {
  const __m256i sixteen = _mm256_set1_epi8(16);
  __m256i one = _mm256_setzero_si256(), two = _mm256_setzero_si256();
#pragma GCC unroll 2
  for (int half = 0; half < 2; half++) {
    const __m256i flip = _mm256_set1_epi8(half ? (char)0x80 : 0);
    __m256i one_index = _mm256_xor_si256(*first, flip), two_index = _mm256_xor_si256(*second, flip);
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
      __m256i difference = _mm256_broadcastsi128_si256(table->differences[8 * half + i]);
      one = _mm256_xor_si256(one, _mm256_shuffle_epi8(difference, one_index));
      two = _mm256_xor_si256(two, _mm256_shuffle_epi8(difference, two_index));
      one_index = _mm256_subs_epi8(one_index, sixteen), two_index = _mm256_subs_epi8(two_index, sixteen);
    }
  }
  *first = one, *second = two;
}

// A run of bytes; input and output may be the same. `plain` is what `table` was prepared from.
SWL_TARGET_AVX2 SWL_INLINE void swl_look_up_run(const struct swl_table_avx2 *table, const uint8_t *plain, const uint8_t *input, uint8_t *output, int64_t count) {
  int64_t i = 0;
  for (; i + 64 <= count; i += 64) {
    __m256i first = _mm256_loadu_si256((const __m256i *)(input + i)), second = _mm256_loadu_si256((const __m256i *)(input + i + 32));
    swl_look_up_two(table, &first, &second);
    _mm256_storeu_si256((__m256i *)(output + i), first);
    _mm256_storeu_si256((__m256i *)(output + i + 32), second);
  }
  for (; i < count; i++) output[i] = plain[input[i]];
}

#endif
#endif
