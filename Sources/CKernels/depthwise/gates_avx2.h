// Gates behind depthwise sums: products are kept as words until there are enough of them to look up 64 gates at a time.
#ifndef SWL_DEPTHWISE_GATES_AVX2_H
#define SWL_DEPTHWISE_GATES_AVX2_H

#if defined(__x86_64__)
#include "../shared/epilogue_avx2.h"
#include "blocks.h"

// What gates make of a run of words.
SWL_TARGET_AVX2 static void open_gates(const struct swl_depthwise_q8 *d, const struct swl_table_avx2 *table, const int16_t *words, int64_t count,
                                       uint8_t *output) {
  const struct swl_requantisation *r = &d->requantisation;
  const struct swl_narrow_avx2 narrow = swl_narrow_avx2(r, 0, false);
  int64_t i = 0;
  for (; i + 64 <= count; i += 64) {
    const __m256i *at = (const __m256i *)(const void *)(words + i);
    const __m256i a = _mm256_loadu_si256(at), b = _mm256_loadu_si256(at + 1), c = _mm256_loadu_si256(at + 2), e = _mm256_loadu_si256(at + 3);
    __m256i first = swl_gate_places(a, b), second = swl_gate_places(c, e);
    swl_look_up_two(table, &first, &second);
    first = _mm256_permute4x64_epi64(swl_gated_bytes(&narrow, r->gate_factor, a, b, first), 0xD8);
    second = _mm256_permute4x64_epi64(swl_gated_bytes(&narrow, r->gate_factor, c, e, second), 0xD8);
    _mm256_storeu_si256((__m256i *)(void *)(output + i), first);
    _mm256_storeu_si256((__m256i *)(void *)(output + i + 32), second);
  }
  for (; i < count; i++) output[i] = (uint8_t)swl_gated(r, words[i]);
}

// Where a thread keeps words until their gates are known; NULL where there are none.
SWL_INLINE int16_t *words_of(const struct swl_depthwise_q8 *d, void *scratch) {
  const struct swl_requantisation *r = &d->requantisation;
  return r->gates && r->is_narrow && !r->residual ? (int16_t *)(void *)((char *)scratch + swl_taps_and_sums_size(&d->window)) : NULL;
}

#endif
#endif
