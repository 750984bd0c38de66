// vpmaddubsw: products of an unsigned and a signed byte, two added in 16 bits, on panels packed so that none of these sums can
// saturate (see paired.h). The input is read as unsigned bytes u = x + offset, so the sum over x is the sum over u less offset
// × the column's weight sum; where partial sums pass 32 bits they wrap, and the exact result, which fits, comes out.
#if defined(__x86_64__)
#include "../shared/epilogue_avx2.h"
#include "../shared/table_avx2.h"
#include "convolution_q8.h"
#include "paired.h"

#include <immintrin.h>

#define ROWS 4
#define COLUMNS SWL_PAIRED_COLUMNS

struct tile {
  __m256i low[ROWS], high[ROWS];
};

// Has a sum in a register at the end of a turn: compilers spill some of eight though sixteen registers suffice.
#define KEEP(sum) __asm__("" : "+x"(sum))

SWL_TARGET_AVX2 SWL_INLINE __m256i spread(const uint8_t *from) {
  int32_t four;
  memcpy(&four, from, sizeof four);
  return _mm256_set1_epi32(four);
}

SWL_TARGET_AVX2 SWL_INLINE __m256i weights_at(const int8_t *from) { return _mm256_loadu_si256((const __m256i *)from); }

SWL_TARGET_AVX2 SWL_INLINE __m256i widen_pairs(__m256i sums) { return _mm256_madd_epi16(sums, _mm256_set1_epi16(1)); }

// Exact for any weights: even and odd bytes as 16-bit numbers.
SWL_TARGET_AVX2 SWL_INLINE __m256i product_of_any(__m256i bytes, __m256i weights) {
  __m256i even = _mm256_and_si256(bytes, _mm256_set1_epi16(0xFF)), odd = _mm256_srli_epi16(bytes, 8);
  __m256i even_weights = _mm256_srai_epi16(_mm256_slli_epi16(weights, 8), 8), odd_weights = _mm256_srai_epi16(weights, 8);
  return _mm256_add_epi32(_mm256_madd_epi16(even, even_weights), _mm256_madd_epi16(odd, odd_weights));
}

// `rows` and `is_wide` (more than eight columns) are constants at every call, so that the sums stay in registers.
SWL_TARGET_AVX2 SWL_INLINE void sum(const int rows, const bool is_wide, const uint8_t *a, int64_t stride, const struct swl_paired_panel *panel,
                                    const int8_t *weights, struct tile *t) {
  const uint8_t *row[ROWS];
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) row[r] = a + r * stride;
  for (int64_t i = panel->octets; i > 0; i--, weights += 8 * COLUMNS) {
    __m256i low_first = weights_at(weights), low_second = weights_at(weights + 64);
    __m256i high_first = low_first, high_second = low_first;
    if (is_wide) high_first = weights_at(weights + 32), high_second = weights_at(weights + 96);
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++, row[r - 1] += 8) {
      __m256i first = spread(row[r]), second = spread(row[r] + 4);
      t->low[r] = _mm256_add_epi32(
          t->low[r], widen_pairs(_mm256_add_epi16(_mm256_maddubs_epi16(first, low_first), _mm256_maddubs_epi16(second, low_second))));
      if (is_wide) {
        t->high[r] = _mm256_add_epi32(
            t->high[r], widen_pairs(_mm256_add_epi16(_mm256_maddubs_epi16(first, high_first), _mm256_maddubs_epi16(second, high_second))));
        KEEP(t->high[r]);
      }
      KEEP(t->low[r]);
    }
  }
  for (int64_t i = panel->quartets; i > 0; i--, weights += 4 * COLUMNS) {
    __m256i low = weights_at(weights), high = low;
    if (is_wide) high = weights_at(weights + 32);
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++, row[r - 1] += 4) {
      __m256i four = spread(row[r]);
      t->low[r] = _mm256_add_epi32(t->low[r], widen_pairs(_mm256_maddubs_epi16(four, low)));
      KEEP(t->low[r]);
      if (is_wide) {
        t->high[r] = _mm256_add_epi32(t->high[r], widen_pairs(_mm256_maddubs_epi16(four, high)));
        KEEP(t->high[r]);
      }
    }
  }
  for (int64_t i = panel->singles; i > 0; i--, weights += 4 * COLUMNS) {
    __m256i low = weights_at(weights), high = low;
    if (is_wide) high = weights_at(weights + 32);
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++, row[r - 1] += 4) {
      __m256i four = spread(row[r]);
      t->low[r] = _mm256_add_epi32(t->low[r], product_of_any(four, low));
      KEEP(t->low[r]);
      if (is_wide) {
        t->high[r] = _mm256_add_epi32(t->high[r], product_of_any(four, high));
        KEEP(t->high[r]);
      }
    }
  }
}

// Brings rows into the panel's order. Writes up to 8 bytes behind a row of padded depth.
SWL_TARGET_AVX2 SWL_INLINE void reorder(int64_t rows, const uint8_t *a, int64_t stride, const struct swl_paired_panel *panel, uint8_t *to, int64_t to_stride) {
  const struct swl_paired_window *windows = (const struct swl_paired_window *)(const void *)(panel + 1);
  int64_t place = 0;
  for (int64_t w = 0; w < panel->windows; w++) {
    __m128i order = _mm_loadu_si128((const __m128i *)windows[w].order);
    const uint8_t *from = a + windows[w].offset;
    if (windows[w].length == SWL_PAIRED_WINDOW) {
      for (int64_t r = 0; r < rows; r++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(from + r * stride));
        _mm_storeu_si128((__m128i *)(to + r * to_stride + place), _mm_shuffle_epi8(bytes, order));
      }
    } else {
      for (int64_t r = 0; r < rows; r++) {
        __m128i bytes = _mm_loadl_epi64((const __m128i *)(from + r * stride));
        _mm_storel_epi64((__m128i *)(to + r * to_stride + place), _mm_shuffle_epi8(bytes, order));
      }
    }
    place += windows[w].length;
  }
}

// Of a panel: the first row and column of a tile, and how its sums become stored bytes.
struct place {
  const struct swl_convolution_q8 *convolution;
  int64_t channel, columns, element, pixel; // elements from one row to the next
  bool is_narrow;                           // sixteen or eight columns, their bias in the sums from the start
  bool has_residual;
  __m256i low, high;                        // where sums start
  const struct swl_table_avx2 *table;       // NULL or the requantisation's
};

// One pixel's sixteen channels, which may have met the table already.
SWL_TARGET_AVX2 SWL_INLINE void store(const struct place *p, int64_t row, __m128i bytes, const uint8_t *table) {
  const struct swl_requantisation *r = &p->convolution->requantisation;
  const int64_t element = p->element + row * p->pixel;
  uint8_t *to = p->convolution->output + element;
  if (table) {
    _mm_storeu_si128((__m128i *)to, bytes);
    swl_look_up_sixteen(table, to);
    if (!p->has_residual) return;
    bytes = _mm_loadu_si128((const __m128i *)to);
  }
  if (p->has_residual) bytes = swl_add_residual_sixteen(r, bytes, _mm_loadu_si128((const __m128i *)(r->residual + element)));
  _mm_storeu_si128((__m128i *)to, bytes);
}

// Eight channels of two pixels, or of one where the second doesn't exist.
SWL_TARGET_AVX2 SWL_INLINE void store_eights(const struct place *p, int64_t row, const bool has_second, __m128i bytes) {
  const struct swl_requantisation *r = &p->convolution->requantisation;
  const int64_t first = p->element + row * p->pixel, second = has_second ? first + p->pixel : first;
  if (p->has_residual) {
    const __m128i residual =
        _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)(r->residual + first)), _mm_loadl_epi64((const __m128i *)(r->residual + second)));
    bytes = swl_add_residual_sixteen(r, bytes, residual);
  }
  _mm_storel_epi64((__m128i *)(p->convolution->output + first), bytes);
  if (has_second) _mm_storeh_pd((double *)(void *)(p->convolution->output + second), _mm_castsi128_pd(bytes));
}

SWL_TARGET_AVX2 SWL_INLINE void finish(const int rows, const bool is_wide, const struct place *p, const struct tile *t) {
  const struct swl_requantisation *r = &p->convolution->requantisation;
  if (p->is_narrow && !is_wide) {
    const struct swl_narrow_avx2 narrow = swl_narrow_avx2(r, p->channel, false);
    const __m256i first = t->low[0];
    __m256i bytes = swl_narrow_two(&narrow, first, rows > 1 ? t->low[1] : first, rows > 2 ? t->low[2] : first, rows > 3 ? t->low[3] : first);
    __m256i unused = bytes;
    if (p->table) swl_look_up_two(p->table, &bytes, &unused);
    store_eights(p, 0, rows > 1, _mm256_castsi256_si128(bytes));
    if (rows > 2) store_eights(p, 2, rows > 3, _mm256_extracti128_si256(bytes, 1));
    return;
  }
  if (p->is_narrow) {
    const struct swl_narrow_avx2 narrow = swl_narrow_avx2(r, p->channel, true);
    if (rows == 4) {
      __m256i first = swl_narrow_two(&narrow, t->low[0], t->high[0], t->low[1], t->high[1]);
      __m256i second = swl_narrow_two(&narrow, t->low[2], t->high[2], t->low[3], t->high[3]);
      if (p->table) swl_look_up_two(p->table, &first, &second);
      store(p, 0, _mm256_castsi256_si128(first), NULL);
      store(p, 1, _mm256_extracti128_si256(first, 1), NULL);
      store(p, 2, _mm256_castsi256_si128(second), NULL);
      store(p, 3, _mm256_extracti128_si256(second, 1), NULL);
      return;
    }
#pragma GCC unroll 3
    for (int row = 0; row < rows; row++) store(p, row, swl_narrow_one(&narrow, t->low[row], t->high[row]), r->table);
    return;
  }
  // Stored apart: were the tile itself indexed by a variable, its sums would live in memory.
  int32_t sums[ROWS][COLUMNS];
#pragma GCC unroll 4
  for (int row = 0; row < rows; row++) {
    _mm256_storeu_si256((__m256i *)sums[row], t->low[row]);
    if (is_wide) _mm256_storeu_si256((__m256i *)(sums[row] + 8), t->high[row]);
  }
  for (int row = 0; row < rows; row++) {
    swl_requantise_row_avx2(r, sums[row], p->channel, p->columns, p->element + row * p->pixel, p->convolution->output);
  }
}

SWL_TARGET_AVX2 SWL_INLINE void tile_of(const int rows, const bool is_wide, const uint8_t *a, int64_t stride, const struct swl_paired_panel *panel,
                                        const int8_t *weights, const struct place *p) {
  struct tile t;
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) {
    t.low[r] = p->low;
    if (is_wide) t.high[r] = p->high;
  }
  sum(rows, is_wide, a, stride, panel, weights, &t);
  finish(rows, is_wide, p, &t);
}

SWL_TARGET_AVX2 static void tile(int64_t rows, const uint8_t *a, int64_t stride, const struct swl_paired_panel *panel, const int8_t *weights,
                                 const struct place *p) {
  if (p->columns > 8) {
    switch (rows) {
    case 4: tile_of(4, true, a, stride, panel, weights, p); break;
    case 3: tile_of(3, true, a, stride, panel, weights, p); break;
    case 2: tile_of(2, true, a, stride, panel, weights, p); break;
    default: tile_of(1, true, a, stride, panel, weights, p); break;
    }
  } else {
    switch (rows) {
    case 4: tile_of(4, false, a, stride, panel, weights, p); break;
    case 3: tile_of(3, false, a, stride, panel, weights, p); break;
    case 2: tile_of(2, false, a, stride, panel, weights, p); break;
    default: tile_of(1, false, a, stride, panel, weights, p); break;
    }
  }
}

static const int8_t zeros[COLUMNS * 4];

SWL_TARGET_AVX2 void swl_convolution_q8_4x16__avx2(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_convolution_q8 *c = arguments;
  const struct swl_blocking *b = &c->blocking;
  const int64_t panel_size = swl_paired_panel_size(b->padded_depth), reordered_stride = (b->padded_depth + 31) / 16 * 16;
  uint8_t *reordered = scratch, *packed = reordered + (ROWS * reordered_stride + 63) / 64 * 64;
  const __m256i offset = _mm256_set1_epi32(c->input_flip + c->input_zero_point);
  struct swl_table_avx2 table;
  if (c->requantisation.table) swl_prepare_table_avx2(&table, c->requantisation.table);
  for (int64_t item = begin; item < end; item++) {
    int64_t split = item % b->column_splits, block = item / b->column_splits % b->row_blocks, group = item / b->column_splits / b->row_blocks;
    int64_t first_row = block * b->rows_per_block, rows = swl_minimum(b->rows_per_block, b->rows - first_row);
    int64_t first_panel = split * b->panels_per_split, last_panel = swl_minimum(first_panel + b->panels_per_split, b->panels);
    int64_t stride = b->padded_depth;
    const uint8_t *a = gather_as_bytes(c, group, first_row, rows, packed, &stride, c->input_flip, c->input_flip + c->input_zero_point);
    for (int64_t p = first_panel; p < last_panel; p++) {
      const struct swl_paired_panel *panel = (const struct swl_paired_panel *)(const void *)(c->weights + (group * b->panels + p) * panel_size);
      const int8_t *weights = (const int8_t *)panel + swl_paired_weights_offset(b->padded_depth), *sums = weights + b->padded_depth * COLUMNS;
      struct place place = {.convolution = c, .channel = group * b->group_outputs + p * COLUMNS, .pixel = c->window.output_channels,
                            .table = c->requantisation.table ? &table : NULL};
      place.columns = swl_minimum(COLUMNS, b->group_outputs - p * COLUMNS);
      place.has_residual = c->requantisation.residual != NULL;
      place.is_narrow = c->requantisation.is_narrow && (place.columns == COLUMNS || place.columns == 8);
      const int8_t *bias = place.is_narrow ? (const int8_t *)(c->requantisation.bias + place.channel) : zeros;
      place.low = _mm256_sub_epi32(weights_at(bias), _mm256_mullo_epi32(offset, weights_at(sums)));
      if (place.columns > 8) place.high = _mm256_sub_epi32(weights_at(bias + 32), _mm256_mullo_epi32(offset, weights_at(sums + 32)));
      for (int64_t row = 0; row < rows; row += ROWS) {
        int64_t count = swl_minimum(ROWS, rows - row);
        place.element = (first_row + row) * place.pixel + place.channel;
        const uint8_t *from = a + row * stride;
        if (panel->is_direct) {
          tile(count, from, stride, panel, weights, &place);
        } else {
          reorder(count, from, stride, panel, reordered, reordered_stride);
          tile(count, reordered, reordered_stride, panel, weights, &place);
        }
      }
    }
  }
}
#else
typedef int swl_not_x86;
#endif
