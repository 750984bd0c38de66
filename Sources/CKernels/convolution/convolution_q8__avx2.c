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

// `rows` and `is_wide` (more than eight columns) are constants at every call of what follows, so that sums stay in registers.
//
// Adds to a row's sums the products of an octet; of four elements that may be added in pairs, or not at all.
SWL_TARGET_AVX2 SWL_INLINE void add_octet(const bool is_wide, __m256i first, __m256i second, const int8_t *weights, __m256i *low, __m256i *high) {
  __m256i sums = _mm256_add_epi16(_mm256_maddubs_epi16(first, weights_at(weights)), _mm256_maddubs_epi16(second, weights_at(weights + 64)));
  *low = _mm256_add_epi32(*low, widen_pairs(sums));
  KEEP(*low);
  if (is_wide) {
    sums = _mm256_add_epi16(_mm256_maddubs_epi16(first, weights_at(weights + 32)), _mm256_maddubs_epi16(second, weights_at(weights + 96)));
    *high = _mm256_add_epi32(*high, widen_pairs(sums));
    KEEP(*high);
  }
}

SWL_TARGET_AVX2 SWL_INLINE void add_pairs(const bool is_wide, __m256i four, __m256i low_weights, __m256i high_weights, __m256i *low, __m256i *high) {
  *low = _mm256_add_epi32(*low, widen_pairs(_mm256_maddubs_epi16(four, low_weights)));
  KEEP(*low);
  if (is_wide) {
    *high = _mm256_add_epi32(*high, widen_pairs(_mm256_maddubs_epi16(four, high_weights)));
    KEEP(*high);
  }
}

SWL_TARGET_AVX2 SWL_INLINE void add_singles(const bool is_wide, __m256i four, __m256i low_weights, __m256i high_weights, __m256i *low, __m256i *high) {
  *low = _mm256_add_epi32(*low, product_of_any(four, low_weights));
  KEEP(*low);
  if (is_wide) {
    *high = _mm256_add_epi32(*high, product_of_any(four, high_weights));
    KEEP(*high);
  }
}

// Rows that lie in the panel's order.
SWL_TARGET_AVX2 SWL_INLINE void sum_in_order(const int rows, const bool is_wide, const uint8_t *const from[ROWS], const struct swl_paired_panel *panel,
                                             const int8_t *weights, struct tile *t) {
  const uint8_t *row[ROWS];
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) row[r] = from[r];
  for (int32_t i = panel->octets; i > 0; i--, weights += 8 * COLUMNS) {
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++, row[r - 1] += 8) add_octet(is_wide, spread(row[r]), spread(row[r] + 4), weights, &t->low[r], &t->high[r]);
  }
  for (int32_t i = panel->quartets; i > 0; i--, weights += 4 * COLUMNS) {
    const __m256i low = weights_at(weights), high = is_wide ? weights_at(weights + 32) : low;
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++, row[r - 1] += 4) add_pairs(is_wide, spread(row[r]), low, high, &t->low[r], &t->high[r]);
  }
}

// Four bytes of a window, in the order that `order` says, in every column.
SWL_TARGET_AVX2 SWL_INLINE __m256i pick(const uint8_t *window, __m256i order) {
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)window)), order);
}

// Of eight columns at most: with sixteen, compilers would spill sums.
SWL_TARGET_AVX2 SWL_INLINE void sum_octets(const int rows, const uint8_t *const row[ROWS], const struct swl_paired_window *window, int64_t count,
                                           const int8_t *weights, struct tile *t) {
  for (const struct swl_paired_window *const end = window + count; window < end; window++) {
    for (int i = 0; i < window->quartets; i += 2, weights += 8 * COLUMNS) {
      const __m256i first = spread(window->order + 4 * i), second = spread(window->order + 4 * i + 4);
#pragma GCC unroll 4
      for (int r = 0; r < rows; r++) {
        const uint8_t *bytes = row[r] + window->offset;
        add_octet(false, pick(bytes, first), pick(bytes, second), weights, &t->low[r], &t->high[r]);
      }
    }
  }
}

// The quartets that have to be multiplied in 16 bits, in all sixteen columns, one or two rows (a constant at every call).
SWL_TARGET_AVX2 SWL_INLINE void sum_singles(const int rows, const uint8_t *const from[ROWS], const struct swl_paired_window *window, int64_t count,
                                            const int8_t *weights, __m256i *low, __m256i *high) {
  for (const struct swl_paired_window *const end = window + count; window < end; window++) {
    for (int i = 0; i < window->singles; i++, weights += 4 * COLUMNS) {
      const __m256i order = spread(window->order + 4 * (window->quartets + i));
#pragma GCC unroll 2
      for (int r = 0; r < rows; r++) {
        add_singles(true, pick(from[r] + window->offset, order), weights_at(weights), weights_at(weights + 32), &low[r], &high[r]);
      }
    }
  }
}

// Inlined beside the frequent quartets they would crowd sums out of their registers.
SWL_TARGET_AVX2 __attribute__((noinline)) static void singles_apart(int64_t rows, const uint8_t *const from[ROWS], const struct swl_paired_window *windows,
                                                                    int64_t count, const int8_t *weights, struct tile *t) {
  int64_t row = 0;
  for (; row + 2 <= rows; row += 2) {
    __m256i low[2] = {t->low[row], t->low[row + 1]}, high[2] = {t->high[row], t->high[row + 1]};
    sum_singles(2, from + row, windows, count, weights, low, high);
    for (int r = 0; r < 2; r++) t->low[row + r] = low[r], t->high[row + r] = high[r];
  }
  if (row < rows) sum_singles(1, from + row, windows, count, weights, &t->low[row], &t->high[row]);
}

SWL_TARGET_AVX2 SWL_INLINE void sum_pairs(const int rows, const bool is_wide, const uint8_t *const row[ROWS], const struct swl_paired_window *window,
                                          int i, const int8_t *weights, struct tile *t) {
  const __m256i low = weights_at(weights + i * 4 * COLUMNS), high = is_wide ? weights_at(weights + i * 4 * COLUMNS + 32) : low;
  const __m256i order = spread(window->order + 4 * i);
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) add_pairs(is_wide, pick(row[r] + window->offset, order), low, high, &t->low[r], &t->high[r]);
}

// Rows of eight bytes, behind which nothing may be read: one window. What may be added in fours may be added in pairs.
SWL_TARGET_AVX2 SWL_INLINE void sum_half(const int rows, const bool is_wide, const bool are_pairs, const uint8_t *const from[ROWS],
                                         const struct swl_paired_window *window, int half, const int8_t *weights, struct tile *t) {
  const __m256i low = weights_at(weights), high = is_wide ? weights_at(weights + 32) : low, order = spread(window->order + 4 * half);
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) {
    int64_t eight;
    memcpy(&eight, from[r], sizeof eight);
    const __m256i four = _mm256_shuffle_epi8(_mm256_set1_epi64x(eight), order);
    (are_pairs ? add_pairs : add_singles)(is_wide, four, low, high, &t->low[r], &t->high[r]);
  }
}

SWL_TARGET_AVX2 SWL_INLINE void sum_eight(const int rows, const bool is_wide, const uint8_t *const from[ROWS], const struct swl_paired_panel *panel,
                                          const int8_t *weights, struct tile *t) {
  const struct swl_paired_window *window = (const struct swl_paired_window *)(const void *)(panel + 1);
  if (window->singles == 0) {
    sum_half(rows, is_wide, true, from, window, 0, weights, t);
    sum_half(rows, is_wide, true, from, window, 1, weights + 4 * COLUMNS, t);
    return;
  }
  if (window->singles == 1) {
    sum_half(rows, is_wide, true, from, window, 0, weights, t);
  } else {
    sum_half(rows, is_wide, false, from, window, 0, weights, t);
  }
  sum_half(rows, is_wide, false, from, window, 1, weights + 4 * COLUMNS, t);
}

// Rows of which every window is brought into order as it is read; 16 bytes can be read from where a window begins.
SWL_TARGET_AVX2 SWL_INLINE void sum_windows(const int rows, const bool is_wide, const uint8_t *const from[ROWS], const struct swl_paired_panel *panel,
                                            const int8_t *weights, struct tile *t) {
  const struct swl_paired_window *window = (const struct swl_paired_window *)(const void *)(panel + 1);
  const uint8_t *row[ROWS];
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) row[r] = from[r];
  // Wide panels have none.
  if (!is_wide && panel->octet_windows > 0) {
    sum_octets(rows, row, window, panel->octet_windows, weights, t);
    window += panel->octet_windows, weights += panel->octets * 8 * COLUMNS;
  }
  for (const struct swl_paired_window *end = window + panel->pair_windows + panel->mixed_windows; window < end; window++) {
    switch (window->quartets) {
    case 4: sum_pairs(rows, is_wide, row, window, 3, weights, t); __attribute__((fallthrough));
    case 3: sum_pairs(rows, is_wide, row, window, 2, weights, t); __attribute__((fallthrough));
    case 2: sum_pairs(rows, is_wide, row, window, 1, weights, t); __attribute__((fallthrough));
    case 1: sum_pairs(rows, is_wide, row, window, 0, weights, t); __attribute__((fallthrough));
    default: break;
    }
    weights += window->quartets * 4 * COLUMNS;
  }
  if (panel->singles > 0) {
    struct tile copy = *t;
    if (!is_wide) {
#pragma GCC unroll 4
      for (int r = 0; r < rows; r++) copy.high[r] = copy.low[r];
    }
    singles_apart(rows, from, window - panel->mixed_windows, panel->mixed_windows, weights, &copy);
    *t = copy;
  }
}

// Of a panel: the first row and column of a tile, and how its sums become stored bytes.
struct place {
  const struct swl_convolution_q8 *convolution;
  int64_t channel, columns, element, pixel; // elements from one row to the next
  bool is_narrow;                           // sixteen or eight columns, their bias in the sums from the start
  bool has_residual;
  bool is_short;                            // rows of eight bytes
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

SWL_TARGET_AVX2 SWL_INLINE void tile_of(const int rows, const bool is_wide, const uint8_t *const from[ROWS], const struct swl_paired_panel *panel,
                                        const int8_t *weights, const struct place *p) {
  struct tile t;
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) {
    t.low[r] = p->low;
    if (is_wide) t.high[r] = p->high;
  }
  if (panel->is_direct) {
    sum_in_order(rows, is_wide, from, panel, weights, &t);
  } else if (p->is_short) {
    sum_eight(rows, is_wide, from, panel, weights, &t);
  } else {
    sum_windows(rows, is_wide, from, panel, weights, &t);
  }
  finish(rows, is_wide, p, &t);
}

static const int8_t zeros[COLUMNS * 4];

// Rows of one block: `stride` bytes apart, or at offsets of their own.
struct row_source {
  const uint8_t *first;
  int64_t stride;
  const int32_t *offsets; // NULL: by stride
};

SWL_INLINE const uint8_t *row_at(const struct row_source *source, int64_t row) {
  return source->first + (source->offsets ? source->offsets[row] : row * source->stride);
}

// All rows of a block with one panel.
SWL_TARGET_AVX2 SWL_INLINE void tiles_of(const bool is_wide, const struct row_source *source, int64_t rows, const struct swl_paired_panel *panel,
                                         const int8_t *weights, struct place *p) {
  const uint8_t *from[ROWS];
  int64_t row = 0;
  for (; row + ROWS <= rows; row += ROWS, p->element += ROWS * p->pixel) {
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) from[r] = row_at(source, row + r);
    tile_of(ROWS, is_wide, from, panel, weights, p);
  }
  for (int64_t r = row; r < rows; r++) from[r - row] = row_at(source, r);
  switch (rows - row) {
  case 3: tile_of(3, is_wide, from, panel, weights, p); break;
  case 2: tile_of(2, is_wide, from, panel, weights, p); break;
  case 1: tile_of(1, is_wide, from, panel, weights, p); break;
  default: break;
  }
}

// One copy for panels of more than eight columns, one for the others.
SWL_TARGET_AVX2 __attribute__((noinline)) static void wide_tiles(const struct row_source *source, int64_t rows, const struct swl_paired_panel *panel,
                                                                 const int8_t *weights, struct place *p) {
  tiles_of(true, source, rows, panel, weights, p);
}

SWL_TARGET_AVX2 __attribute__((noinline)) static void slim_tiles(const struct row_source *source, int64_t rows, const struct swl_paired_panel *panel,
                                                                 const int8_t *weights, struct place *p) {
  tiles_of(false, source, rows, panel, weights, p);
}

SWL_TARGET_AVX2 static void multiply(const struct swl_convolution_q8 *c, const struct row_source *source, int64_t first_row, int64_t rows, int64_t group,
                                     int64_t first_panel, int64_t last_panel, const struct swl_table_avx2 *table) {
  const struct swl_blocking *b = &c->blocking;
  const int64_t panel_size = swl_paired_panel_size(b);
  const __m256i offset = _mm256_set1_epi32(c->input_flip + c->input_zero_point);
  for (int64_t p = first_panel; p < last_panel; p++) {
    const struct swl_paired_panel *panel = (const struct swl_paired_panel *)(const void *)(c->weights + (group * b->panels + p) * panel_size);
    const int8_t *weights = (const int8_t *)panel + swl_paired_weights_offset(b), *sums = weights + b->padded_depth * COLUMNS;
    struct place place = {.convolution = c, .channel = group * b->group_outputs + p * COLUMNS, .pixel = c->window.output_channels, .table = table};
    place.columns = swl_minimum(COLUMNS, b->group_outputs - p * COLUMNS);
    place.is_short = b->strip_pitch == 0 && b->padded_depth < SWL_PAIRED_WINDOW;
    place.has_residual = c->requantisation.residual != NULL;
    place.is_narrow = c->requantisation.is_narrow && (place.columns == COLUMNS || place.columns == 8);
    const int8_t *bias = place.is_narrow ? (const int8_t *)(c->requantisation.bias + place.channel) : zeros;
    place.low = _mm256_sub_epi32(weights_at(bias), _mm256_mullo_epi32(offset, weights_at(sums)));
    if (place.columns > 8) place.high = _mm256_sub_epi32(weights_at(bias + 32), _mm256_mullo_epi32(offset, weights_at(sums + 32)));
    place.element = first_row * place.pixel + place.channel;
    if (place.columns > 8) {
      wide_tiles(source, rows, panel, weights, &place);
    } else {
      slim_tiles(source, rows, panel, weights, &place);
    }
  }
}

SWL_TARGET_AVX2 void swl_convolution_q8_4x16__avx2(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_convolution_q8 *c = arguments;
  const struct swl_window *w = &c->window;
  const struct swl_blocking *b = &c->blocking;
  const int32_t padding = c->input_flip + c->input_zero_point;
  struct swl_table_avx2 table;
  if (c->requantisation.table) swl_prepare_table_avx2(&table, c->requantisation.table);
  const struct swl_table_avx2 *prepared = c->requantisation.table ? &table : NULL;
  for (int64_t item = begin; item < end; item++) {
    int64_t split = item % b->column_splits, block = item / b->column_splits % b->row_blocks, group = item / b->column_splits / b->row_blocks;
    int64_t first_row = block * b->rows_per_block, rows = swl_minimum(b->rows_per_block, b->rows - first_row);
    int64_t first_panel = split * b->panels_per_split, last_panel = swl_minimum(first_panel + b->panels_per_split, b->panels);
    if (b->strip_pitch == 0) {
      struct row_source source = {.stride = b->padded_depth};
      source.first = gather_as_bytes(c, group, first_row, rows, scratch, &source.stride, c->input_flip, padding);
      multiply(c, &source, first_row, rows, group, first_panel, last_panel, prepared);
      continue;
    }
    int32_t *offsets = scratch;
    uint8_t *strip = (uint8_t *)scratch + (b->rows_per_block * 4 + 63) / 64 * 64;
    const int64_t pixels = (int64_t)w->output_height * w->output_width, step = (int64_t)w->stride_width * w->input_channels;
    // One image at a time.
    for (int64_t count; rows > 0; first_row += count, rows -= count) {
      const int64_t image = first_row / pixels, pixel = first_row % pixels, first_line = pixel / w->output_width;
      count = swl_minimum(rows, pixels - pixel);
      copy_strip(c, image, first_line, (pixel + count - 1) / w->output_width + 1 - first_line, strip, c->input_flip, padding);
      int64_t x = pixel % w->output_width, line = 0;
      for (int64_t i = 0; i < count; i++) {
        offsets[i] = (int32_t)(line + x * step);
        if (++x == w->output_width) x = 0, line += w->stride_height * b->strip_pitch;
      }
      const struct row_source source = {.first = strip, .offsets = offsets};
      multiply(c, &source, first_row, count, group, first_panel, last_panel, prepared);
    }
  }
}
#else
typedef int swl_not_x86;
#endif
