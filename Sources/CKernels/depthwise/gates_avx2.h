// What stands behind depthwise sums. Gates: a block's products are kept as words until there are enough of them to look up 64 gates at a time.
#ifndef SWL_DEPTHWISE_GATES_AVX2_H
#define SWL_DEPTHWISE_GATES_AVX2_H

#if defined(__x86_64__)
#include "../shared/epilogue_avx2.h"
#include "../shared/table_avx2.h"
#include "parts.h"

// Thirty-two bytes to the pixels of a block, `width` channels each, from pixel `first` on: `width` is 32, 16 or 8.
SWL_TARGET_AVX2 SWL_INLINE void put_pixels(const int64_t width, __m256i bytes, int64_t first, int64_t stride, uint8_t *output) {
  uint8_t *to = output + first * stride;
  const __m128i low = _mm256_castsi256_si128(bytes), high = _mm256_extracti128_si256(bytes, 1);
  if (width == 32) {
    _mm256_storeu_si256((__m256i *)(void *)to, bytes);
  } else if (width == 16) {
    _mm_storeu_si128((__m128i *)(void *)to, low);
    _mm_storeu_si128((__m128i *)(void *)(to + stride), high);
  } else {
    _mm_storel_epi64((__m128i *)(void *)to, low);
    _mm_storel_epi64((__m128i *)(void *)(to + stride), _mm_unpackhi_epi64(low, low));
    _mm_storel_epi64((__m128i *)(void *)(to + 2 * stride), high);
    _mm_storel_epi64((__m128i *)(void *)(to + 3 * stride), _mm_unpackhi_epi64(high, high));
  }
}

// What gates make of a block's words, [pixel][channel of `width`]; `output` is the first pixel's first channel of the block.
// (`width` is a constant at every call.)
SWL_TARGET_AVX2 SWL_INLINE void open_gates(const struct swl_depthwise_q8 *d, const struct swl_table_avx2 *table, const int16_t *words, const int64_t width,
                                           int64_t pixels, uint8_t *output) {
  const struct swl_requantisation *r = &d->requantisation;
  const struct swl_narrow_avx2 narrow = swl_narrow_avx2(r, 0, false);
  const int64_t stride = d->window.output_channels, count = pixels * width;
  int64_t i = 0;
  for (; i + 64 <= count; i += 64) {
    const __m256i *at = (const __m256i *)(const void *)(words + i);
    const __m256i a = _mm256_loadu_si256(at), b = _mm256_loadu_si256(at + 1), c = _mm256_loadu_si256(at + 2), e = _mm256_loadu_si256(at + 3);
    __m256i first = swl_gate_places(a, b), second = swl_gate_places(c, e);
    swl_look_up_two(table, &first, &second);
    first = _mm256_permute4x64_epi64(swl_gated_bytes(&narrow, r->gate_factor, a, b, first), 0xD8);
    second = _mm256_permute4x64_epi64(swl_gated_bytes(&narrow, r->gate_factor, c, e, second), 0xD8);
    put_pixels(width, first, i / width, stride, output);
    put_pixels(width, second, (i + 32) / width, stride, output);
  }
  for (; i < count; i++) output[i / width * stride + i % width] = (uint8_t)swl_gated(r, words[i]);
}

// What the table makes of the part's bytes.
SWL_TARGET_AVX2 static void look_up_part(const struct swl_depthwise_q8 *d, const struct swl_table_avx2 *table, struct swl_column_part part) {
  const struct swl_window *w = &d->window;
  const int64_t channels = w->output_channels, width = swl_column_width(w), pixels = (part.last_row - part.first_row) * w->output_width;
  const int64_t first = part.first_block * width, last = swl_minimum(part.last_block * width, channels);
  uint8_t *bytes = d->output + part.first_row * w->output_width * channels + first;
  if (last - first == channels) {
    swl_look_up_run(table, d->requantisation.table, bytes, bytes, pixels * channels);
    return;
  }
  for (int64_t i = 0; i < pixels; i++, bytes += channels) swl_look_up_run(table, d->requantisation.table, bytes, bytes, last - first);
}

// Where a thread keeps words until their gates are known; NULL where there are none.
SWL_INLINE int16_t *words_of(const struct swl_depthwise_q8 *d, void *scratch) {
  const struct swl_requantisation *r = &d->requantisation;
  return r->gates && r->is_narrow && !r->residual ? (int16_t *)(void *)((char *)scratch + swl_taps_and_sums_size(&d->window)) : NULL;
}

#endif
#endif
