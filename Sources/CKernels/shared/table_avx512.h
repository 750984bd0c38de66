// Tables of 256 bytes, 64 look-ups at a time.
#ifndef SWL_TABLE_AVX512_H
#define SWL_TABLE_AVX512_H

#if defined(__x86_64__)
#include "table_avx2.h"

// Where the processor permutes bytes across a vector (VBMI), a table is four vectors; elsewhere halves of a vector take AVX2's way.
struct swl_table_avx512 {
  __m512i quarters[4];
  struct swl_table_avx2 halves;
  bool permutes;
};

SWL_TARGET_AVX512_VNNI SWL_INLINE void swl_prepare_table_avx512(struct swl_table_avx512 *prepared, const uint8_t *table) {
  for (int i = 0; i < 4; i++) prepared->quarters[i] = _mm512_loadu_si512(table + 64 * i);
  swl_prepare_table_avx2(&prepared->halves, table);
  prepared->permutes = __builtin_cpu_supports("avx512vbmi");
}

__attribute__((target("avx512f,avx512bw,avx512vbmi"), noinline, unused)) static void swl_permute_vectors(const struct swl_table_avx512 *table, __m512i *vectors,
                                                                                                      int64_t count) {
  const __m512i a = table->quarters[0], b = table->quarters[1], c = table->quarters[2], d = table->quarters[3];
  for (int64_t i = 0; i < count; i++) {
    const __m512i index = vectors[i], low = _mm512_permutex2var_epi8(a, index, b), high = _mm512_permutex2var_epi8(c, index, d);
    vectors[i] = _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high);
  }
}

SWL_TARGET_AVX512_VNNI __attribute__((noinline, unused)) static void swl_look_up_halves(const struct swl_table_avx512 *table, __m512i *vectors, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    __m256i first = _mm512_castsi512_si256(vectors[i]), second = _mm512_extracti64x4_epi64(vectors[i], 1);
    swl_look_up_two(&table->halves, &first, &second);
    vectors[i] = _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
  }
}

// Replaces each byte of `count` vectors by its entry.
SWL_TARGET_AVX512_VNNI SWL_INLINE void swl_look_up_vectors(const struct swl_table_avx512 *table, __m512i *vectors, int64_t count) {
  (table->permutes ? swl_permute_vectors : swl_look_up_halves)(table, vectors, count);
}

#endif
#endif
