// Kernels of 3×3 on blocks of 32 channels, column by column, a column's rows as bytes of a quad or as words (see swl_divided_block). The input is read as unsigned
// bytes u = x + offset, so the sum over x is the sum over u less offset × the weight sum.
#ifndef SWL_DEPTHWISE_DIVIDED_AVX2_H
#define SWL_DEPTHWISE_DIVIDED_AVX2_H

#if defined(__x86_64__)
#include "../shared/epilogue_avx2.h"
#include "../shared/table_avx2.h"
#include "depthwise_q8.h"
#include "gates_avx2.h"
#include "parts.h"
#include "quads.h"

#include <immintrin.h>

// Two vectors of sums or quads, eight channels each.
struct half {
  __m256i of[2];
};

// Sums of 32 channels, in the order of swl_quad_place.
struct quads {
  struct half half[2];
};

struct divided_block {
  const struct swl_depthwise_q8 *d;
  const struct swl_divided_block *packed;
  int64_t channel;
  uint8_t *output; // from that channel on
  bool is_narrow; // the bias is in the sums from the start
  bool is_bare;   // see swl_is_bare
  // Where gates follow: products are kept as words, [pixel][channel of the block] from `first_pixel` on, until the block's strip is complete. Else NULL.
  int16_t *words;
  int64_t first_pixel, channels; // channels: of a pixel
  struct source sources[3];
  __m256 multipliers[4];
  struct swl_narrow_avx2 narrow;
  // Sums before anything is added; those of the first pixel that have met the padding before it; what the padding behind the last
  // column adds to the sum that has met the kernel's columns 0…i.
  struct quads start, first[2], last[2];
};

// Constants at every call of what follows.
struct form {
  bool is_signed, is_divided;
  bool is_plain; // narrow, with neither gates nor a residual
};

SWL_TARGET_AVX2 SWL_INLINE __m256i divided_load(const bool is_signed, const uint8_t *from) {
  const __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)from);
  return is_signed ? _mm256_xor_si256(bytes, _mm256_set1_epi8((char)0x80)) : bytes;
}

// A column's rows, interleaved byte by byte: top and middle, bottom and middle; or, for words, bottom and zeros.
struct column {
  __m256i upper[2], lower[2];
};

SWL_TARGET_AVX2 SWL_INLINE struct column column_at(const struct form f, const uint8_t *const at[3]) {
  const __m256i a = divided_load(f.is_signed, at[0]), b = divided_load(f.is_signed, at[1]), c = divided_load(f.is_signed, at[2]);
  const __m256i other = f.is_divided ? b : _mm256_setzero_si256();
  return (struct column){{_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b)}, {_mm256_unpacklo_epi8(c, other), _mm256_unpackhi_epi8(c, other)}};
}

// What half `h` of a column's bytes is multiplied as: quads, or words in pairs.
struct operands {
  struct half upper, lower; // quads: upper alone
};

SWL_TARGET_AVX2 SWL_INLINE struct operands operands_of(const struct form f, struct column c, const int h) {
  const __m256i zero = _mm256_setzero_si256();
  if (f.is_divided) {
    return (struct operands){.upper = {{_mm256_unpacklo_epi16(c.upper[h], c.lower[h]), _mm256_unpackhi_epi16(c.upper[h], c.lower[h])}}};
  }
  return (struct operands){{{_mm256_unpacklo_epi8(c.upper[h], zero), _mm256_unpackhi_epi8(c.upper[h], zero)}},
                           {{_mm256_unpacklo_epi8(c.lower[h], zero), _mm256_unpackhi_epi8(c.lower[h], zero)}}};
}

SWL_TARGET_AVX2 SWL_INLINE __m256i divided_weights(const void *from, const int v) { return _mm256_loadu_si256((const __m256i *)from + v); }

// Half `h` of `sums` and of what column `x` of the kernel makes of a column of the image.
SWL_TARGET_AVX2 SWL_INLINE struct half plus_column(const struct form f, const struct swl_divided_block *packed, struct half sums, struct operands operands,
                                                   const int x, const int h) {
#pragma GCC unroll 2
  for (int v = 0; v < 2; v++) {
    if (f.is_divided) {
      const __m256i pairs = _mm256_maddubs_epi16(operands.upper.of[v], divided_weights(packed->weights.quads[x], 2 * h + v));
      sums.of[v] = _mm256_add_epi32(sums.of[v], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    } else {
      sums.of[v] = _mm256_add_epi32(sums.of[v], _mm256_madd_epi16(operands.upper.of[v], divided_weights(packed->weights.words[x].upper, 2 * h + v)));
      sums.of[v] = _mm256_add_epi32(sums.of[v], _mm256_madd_epi16(operands.lower.of[v], divided_weights(packed->weights.words[x].lower, 2 * h + v)));
    }
  }
  return sums;
}

SWL_TARGET_AVX2 SWL_INLINE __m256i products_of(const struct divided_block *b, struct half sums, const int h) {
  const __m256i low = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(sums.of[0]), b->multipliers[2 * h]));
  const __m256i high = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(sums.of[1]), b->multipliers[2 * h + 1]));
  return _mm256_packs_epi32(low, high);
}

// The end of all sums that aren't plain: not narrow, with a residual, or before gates.
SWL_TARGET_AVX2 __attribute__((noinline)) static void finish_otherwise(const struct divided_block *b, const struct quads *sums, int64_t pixel) {
  if (!b->is_narrow) {
    int32_t places[SWL_DIVIDED_WIDTH], stored[SWL_DIVIDED_WIDTH];
    memcpy(places, sums, sizeof places);
    for (int64_t c = 0; c < SWL_DIVIDED_WIDTH; c++) stored[c] = places[swl_quad_place(SWL_DIVIDED_WIDTH, c)];
    swl_requantise_row_avx2(&b->d->requantisation, stored, b->channel, SWL_DIVIDED_WIDTH, pixel * b->channels + b->channel, b->d->output);
    return;
  }
  const __m256i first = products_of(b, sums->half[0], 0), second = products_of(b, sums->half[1], 1);
  __m256i *to = (__m256i *)(void *)(b->words + (pixel - b->first_pixel) * SWL_DIVIDED_WIDTH);
  _mm256_storeu_si256(to, _mm256_permute2x128_si256(first, second, 0x20));
  _mm256_storeu_si256(to + 1, _mm256_permute2x128_si256(first, second, 0x31));
}

SWL_TARGET_AVX2 SWL_INLINE void store_plainly(const struct divided_block *b, __m256i first, __m256i second, int64_t pixel) {
  const struct swl_narrow_avx2 *n = &b->narrow;
  __m256i bytes;
  if (b->is_bare) {
    bytes = _mm256_packus_epi16(first, second);
  } else {
    bytes = swl_narrow_packed(n, _mm256_adds_epi16(first, n->zero_point), _mm256_adds_epi16(second, n->zero_point));
  }
  _mm256_storeu_si256((__m256i *)(void *)(b->output + pixel * b->channels), bytes);
}

SWL_TARGET_AVX2 SWL_INLINE struct half sum_of_halves(struct half a, struct half b) {
  return (struct half){{_mm256_add_epi32(a.of[0], b.of[0]), _mm256_add_epi32(a.of[1], b.of[1])}};
}

SWL_TARGET_AVX2 SWL_INLINE struct quads sum_of_quads(struct quads a, struct quads b) {
  return (struct quads){{sum_of_halves(a.half[0], b.half[0]), sum_of_halves(a.half[1], b.half[1])}};
}

SWL_TARGET_AVX2 SWL_INLINE void finish_divided(const struct form f, const struct divided_block *b, struct quads sums, int64_t pixel) {
  if (f.is_plain) {
    store_plainly(b, products_of(b, sums.half[0], 0), products_of(b, sums.half[1], 1), pixel);
  } else {
    finish_otherwise(b, &sums, pixel);
  }
}

// Has weights and start read where they lie: to hold them from one pixel to the next, compilers would spill sums.
#define READ_ANEW __asm__ volatile("" ::: "memory")

// A column of the image completes `old`, goes on with `young` and begins `fresh`; its addresses go on to the next one. Half by half, and the first is
// finished before the second begins, or registers wouldn't suffice.
SWL_TARGET_AVX2 SWL_INLINE void meet_column(const struct form f, const bool completes, const struct divided_block *b, const uint8_t *at[3], struct quads *old,
                                            struct quads *young, struct quads *fresh, int64_t pixel) {
  const struct column column = column_at(f, at);
  __m256i words[2];
#pragma GCC unroll 2
  for (int h = 0; h < 2; h++) {
    READ_ANEW;
    const struct operands operands = operands_of(f, column, h);
    old->half[h] = plus_column(f, b->packed, old->half[h], operands, 2, h);
    if (completes && f.is_plain) words[h] = products_of(b, old->half[h], h);
    young->half[h] = plus_column(f, b->packed, young->half[h], operands, 1, h);
    fresh->half[h] = plus_column(f, b->packed, b->start.half[h], operands, 0, h);
  }
  if (completes && f.is_plain) store_plainly(b, words[0], words[1], pixel);
  if (completes && !f.is_plain) finish_otherwise(b, old, pixel);
#pragma GCC unroll 3
  for (int y = 0; y < 3; y++) at[y] += b->sources[y].pixel;
}

// A row of output pixels one pixel apart, the first of which is `pixel`, where no output pixel lies in the padding alone: padding costs nothing.
SWL_TARGET_AVX2 SWL_INLINE void divided_row_by_one(const struct form f, const struct divided_block *b, int64_t pixel) {
  const struct swl_window *w = &b->d->window;
  // Outputs may be fewer than the window allows.
  const int64_t end = swl_minimum(w->input_width + w->pad_left, w->output_width + 2), first_pixel = pixel;
  const uint8_t *at[3];
#pragma GCC unroll 3
  for (int y = 0; y < 3; y++) at[y] = b->sources[y].start + b->channel;
  struct quads young = b->first[0], old = b->first[1], fresh;
  int64_t step = w->pad_left;
  for (; step < 2 && step < end; step++) {
    meet_column(f, false, b, at, &old, &young, &fresh, 0);
    old = young, young = fresh;
  }
  pixel += step - 2;
  // In turns of three, so that no sum is moved.
  for (; step + 3 <= end; step += 3, pixel += 3) {
    meet_column(f, true, b, at, &old, &young, &fresh, pixel);
    meet_column(f, true, b, at, &young, &fresh, &old, pixel + 1);
    meet_column(f, true, b, at, &fresh, &old, &young, pixel + 2);
  }
  for (; step < end; step++, pixel++) {
    meet_column(f, true, b, at, &old, &young, &fresh, pixel);
    old = young, young = fresh;
  }
#pragma GCC unroll 2
  for (int i = 1; i >= 0; i--) {
    const int64_t x = end - 1 - i;
    if (x >= 0 && x < w->output_width) finish_divided(f, b, sum_of_quads(i == 1 ? old : young, b->last[i]), first_pixel + x);
  }
}

// The two columns from `first` and `second` on complete `old` and begin `fresh`.
SWL_TARGET_AVX2 SWL_INLINE void meet_two(const struct form f, const struct divided_block *b, const uint8_t *const first[3], const uint8_t *const second[3],
                                         struct quads *old, struct quads *fresh) {
  const struct column column = column_at(f, first);
#pragma GCC unroll 2
  for (int h = 0; h < 2; h++) {
    READ_ANEW;
    old->half[h] = plus_column(f, b->packed, old->half[h], operands_of(f, column, h), 2, h);
    fresh->half[h] = plus_column(f, b->packed, b->start.half[h], operands_of(f, column, h), 0, h);
  }
  const struct column other = column_at(f, second);
#pragma GCC unroll 2
  for (int h = 0; h < 2; h++) fresh->half[h] = plus_column(f, b->packed, fresh->half[h], operands_of(f, other, h), 1, h);
}

// The same with columns that may lie outside the image.
SWL_TARGET_AVX2 SWL_INLINE void meet_two_with_care(const struct form f, const struct divided_block *b, int64_t step, struct quads *old, struct quads *fresh) {
  const struct swl_window *w = &b->d->window;
  const uint8_t *at[2][3];
  for (int phase = 0; phase < 2; phase++) {
    const int64_t column = step * 2 + phase - w->pad_left;
    const bool exists = column >= 0 && column < w->input_width;
    for (int y = 0; y < 3; y++) at[phase][y] = (exists ? b->sources[y].start + column * b->sources[y].pixel : b->d->padding) + b->channel;
  }
  meet_two(f, b, at[0], at[1], old, fresh);
}

// A row of output pixels two pixels apart, the first of which is `pixel`.
SWL_TARGET_AVX2 SWL_INLINE void divided_row_by_two(const struct form f, const struct divided_block *b, int64_t pixel) {
  const struct swl_window *w = &b->d->window;
  const int64_t steps = w->output_width + 1;
  // Steps inside..<end read columns of the image alone; the first one completes no pixel.
  const int64_t inside = swl_minimum(swl_maximum(1, (w->pad_left + 1) / 2), steps), end = swl_minimum((w->input_width + w->pad_left) / 2, steps);
  struct quads old = b->start, fresh;
  int64_t step = 0;
  for (pixel--; step < inside; step++, pixel++) {
    meet_two_with_care(f, b, step, &old, &fresh);
    if (step > 0) finish_divided(f, b, old, pixel);
    old = fresh;
  }
  const uint8_t *at[3], *next[3];
#pragma GCC unroll 3
  for (int y = 0; y < 3; y++) at[y] = b->sources[y].start + (step * 2 - w->pad_left) * b->sources[y].pixel + b->channel;
  for (; step < end; step++, pixel++) {
#pragma GCC unroll 3
    for (int y = 0; y < 3; y++) next[y] = at[y] + b->sources[y].pixel;
    meet_two(f, b, at, next, &old, &fresh);
    finish_divided(f, b, old, pixel);
    old = fresh;
#pragma GCC unroll 3
    for (int y = 0; y < 3; y++) at[y] = next[y] + b->sources[y].pixel;
  }
  for (; step < steps; step++, pixel++) {
    meet_two_with_care(f, b, step, &old, &fresh);
    finish_divided(f, b, old, pixel);
    old = fresh;
  }
}

SWL_TARGET_AVX2 SWL_INLINE struct half difference(struct half a, struct half b) {
  return (struct half){{_mm256_sub_epi32(a.of[0], b.of[0]), _mm256_sub_epi32(a.of[1], b.of[1])}};
}

// What the padding beside an image adds, from one end of the kernel and from the other.
SWL_TARGET_AVX2 SWL_INLINE void find_divided_ends(const struct form f, struct divided_block *b, uint8_t padding) {
  const __m256i all = f.is_divided ? _mm256_set1_epi8((char)padding) : _mm256_set1_epi16(padding);
  for (int h = 0; h < 2; h++) {
    struct half met[3], sum = {{_mm256_setzero_si256(), _mm256_setzero_si256()}};
    for (int x = 0; x < 3; x++) met[x] = sum = plus_column(f, b->packed, sum, (struct operands){{{all, all}}, {{all, all}}}, x, h);
    for (int i = 0; i < 2; i++) {
      b->last[i].half[h] = difference(met[2], met[i]);
      b->first[i].half[h] = i < b->d->window.pad_left ? sum_of_halves(b->start.half[h], met[i]) : b->start.half[h];
    }
  }
}

// Four channels from `at` on and four that stand sixteen further, 32 bits each: vector at / 4 in the order of swl_quad_place.
SWL_TARGET_AVX2 SWL_INLINE __m256i fours_at(const void *channels, int64_t at) {
  const __m128i *from = (const __m128i *)channels;
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(from + at / 4)), _mm_loadu_si128(from + at / 4 + 4), 1);
}

SWL_TARGET_AVX2 SWL_INLINE void prepare_divided(struct divided_block *b) {
  const struct swl_requantisation *r = &b->d->requantisation;
  const int32_t offset = b->d->input_flip + b->d->input_zero_point;
  b->output = b->d->output + b->channel;
  b->is_narrow = r->is_narrow && !r->residual;
  b->is_bare = swl_is_bare(r);
  b->narrow = swl_narrow_avx2(r, b->channel, true);
  for (int v = 0; v < 4; v++) {
    const __m256i sums = _mm256_loadu_si256((const __m256i *)(const void *)(b->packed->sums + 8 * v));
    const __m256i bias = b->is_narrow ? fours_at(r->bias + b->channel, 4 * v) : _mm256_setzero_si256();
    b->start.half[v / 2].of[v % 2] = _mm256_sub_epi32(bias, _mm256_mullo_epi32(_mm256_set1_epi32(offset), sums));
    b->multipliers[v] = _mm256_castsi256_ps(fours_at(r->multipliers + b->channel, 4 * v));
  }
  if (b->packed->is_divided) {
    find_divided_ends((struct form){.is_divided = true}, b, (uint8_t)offset);
  } else {
    find_divided_ends((struct form){.is_divided = false}, b, (uint8_t)offset);
  }
}

// Rows first..<last.
SWL_TARGET_AVX2 SWL_INLINE void run_divided_rows(const struct form f, const int stride, struct divided_block *b, int64_t first, int64_t last) {
  for (int64_t item = first; item < last; item++) {
    find_sources(b->d, 3, item, b->sources);
    (stride == 1 ? divided_row_by_one : divided_row_by_two)(f, b, item * b->d->window.output_width);
  }
}

#define DIVIDED_ROWS(name, is_plain, stride)                                                                                            \
  SWL_TARGET_AVX2 __attribute__((noinline)) static void name(struct divided_block *b, int64_t first, int64_t last) {                    \
    const bool is_signed = b->d->input_flip != 0, is_divided = b->packed->is_divided != 0;                              \
    if (!is_signed && !is_divided) run_divided_rows((struct form){false, false, is_plain}, stride, b, first, last);                     \
    if (!is_signed && is_divided) run_divided_rows((struct form){false, true, is_plain}, stride, b, first, last);                       \
    if (is_signed && !is_divided) run_divided_rows((struct form){true, false, is_plain}, stride, b, first, last);                       \
    if (is_signed && is_divided) run_divided_rows((struct form){true, true, is_plain}, stride, b, first, last);                         \
  }
DIVIDED_ROWS(plain_rows_by_one, true, 1)
DIVIDED_ROWS(plain_rows_by_two, true, 2)
DIVIDED_ROWS(other_rows_by_one, false, 1)
DIVIDED_ROWS(other_rows_by_two, false, 2)

SWL_TARGET_AVX2 static void run_divided(const struct swl_depthwise_q8 *d, const struct swl_table_avx2 *table, void *scratch, struct swl_column_part part) {
  const struct swl_window *w = &d->window;
  struct divided_block b = {.d = d, .words = words_of(d, scratch), .channels = w->output_channels};
  for (int64_t first = part.first_row, last; first < part.last_row; first = last) {
    last = swl_minimum(first + swl_tall_strip_rows(w), part.last_row);
    b.first_pixel = first * w->output_width;
    for (int64_t i = part.first_block; i < part.last_block; i++) {
      b.packed = (const struct swl_divided_block *)(const void *)d->weights + i;
      b.channel = swl_divided_channel(w->input_channels, i);
      prepare_divided(&b);
      if (b.is_narrow && !b.words) {
        (w->stride_width == 1 ? plain_rows_by_one : plain_rows_by_two)(&b, first, last);
        continue;
      }
      (w->stride_width == 1 ? other_rows_by_one : other_rows_by_two)(&b, first, last);
      if (b.words) open_gates(d, table, b.words, SWL_DIVIDED_WIDTH, (last - first) * w->output_width, b.output + b.first_pixel * b.channels);
    }
  }
}

#undef READ_ANEW
#endif
#endif
