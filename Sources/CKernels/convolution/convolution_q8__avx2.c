// vpmaddubsw: products of an unsigned and a signed byte, two added in 16 bits, on panels packed so that none of these sums can
// saturate (see paired.h). The input is read as unsigned bytes u = x + offset, so the sum over x is the sum over u less offset
// × the column's weight sum; where partial sums pass 32 bits they wrap, and the exact result, which fits, comes out.
#if defined(__x86_64__)
#include "../shared/epilogue_avx2.h"
#include "../shared/table_avx2.h"
#include "convolution_q8.h"
#include "paired_sums_avx2.h"

#include <immintrin.h>

// Of a panel: the first row and column of a tile, and how its sums become stored bytes.
struct place {
  const struct swl_convolution_q8 *convolution;
  int64_t channel, columns, element, pixel; // elements from one row to the next
  bool is_narrow;                           // sixteen or eight columns, their bias in the sums from the start
  bool has_residual;
  struct ahead ahead;
  bool is_short;                            // rows of eight bytes
  __m256i low, high;                        // where sums start
  const struct swl_table_avx2 *table;       // NULL or the requantisation's, or its gates
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
  if (has_second) {
    const int64_t high = _mm_extract_epi64(bytes, 1);
    memcpy(p->convolution->output + second, &high, sizeof high);
  }
}

// The same by gates; rows that don't exist stand for others in vain.
SWL_TARGET_AVX2 SWL_INLINE void finish_gated(const int rows, const bool is_wide, const struct place *p, const struct tile *t) {
  const struct swl_requantisation *r = &p->convolution->requantisation;
  const struct swl_narrow_avx2 narrow = swl_narrow_avx2(r, p->channel, is_wide);
  __m256i words[4], first, second;
  if (!is_wide) {
    words[0] = swl_narrow_products(&narrow, t->low[0], t->low[rows > 1 ? 1 : 0]);
    words[1] = rows > 2 ? swl_narrow_products(&narrow, t->low[2], t->low[rows > 3 ? 3 : 2]) : words[0];
    words[2] = words[0], words[3] = words[1];
    swl_gated_four(&narrow, p->table, r->gate_factor, words, &first, &second);
    store_eights(p, 0, rows > 1, _mm256_castsi256_si128(first));
    if (rows > 2) store_eights(p, 2, rows > 3, _mm256_extracti128_si256(first, 1));
    return;
  }
#pragma GCC unroll 4
  for (int row = 0; row < 4; row++) words[row] = row < rows ? swl_narrow_products(&narrow, t->low[row], t->high[row]) : words[0];
  swl_gated_four(&narrow, p->table, r->gate_factor, words, &first, &second);
  store(p, 0, _mm256_castsi256_si128(first), NULL);
  if (rows > 1) store(p, 1, _mm256_extracti128_si256(first, 1), NULL);
  if (rows > 2) store(p, 2, _mm256_castsi256_si128(second), NULL);
  if (rows > 3) store(p, 3, _mm256_extracti128_si256(second, 1), NULL);
}

// Four rows of sixteen columns, of a narrow requantisation without gates. (`is_bare` is a constant at every call.)
SWL_TARGET_AVX2 SWL_INLINE void finish_four(const bool is_bare, const struct place *p, const struct swl_narrow_avx2 *narrow, const struct tile *t) {
  __m256i first, second;
  if (is_bare) {
    first = swl_narrow_two_bare(narrow, t->low[0], t->high[0], t->low[1], t->high[1]);
    second = swl_narrow_two_bare(narrow, t->low[2], t->high[2], t->low[3], t->high[3]);
  } else {
    first = swl_narrow_two(narrow, t->low[0], t->high[0], t->low[1], t->high[1]);
    second = swl_narrow_two(narrow, t->low[2], t->high[2], t->low[3], t->high[3]);
  }
  if (p->table) swl_look_up_two(p->table, &first, &second);
  store(p, 0, _mm256_castsi256_si128(first), NULL);
  store(p, 1, _mm256_extracti128_si256(first, 1), NULL);
  store(p, 2, _mm256_castsi256_si128(second), NULL);
  store(p, 3, _mm256_extracti128_si256(second, 1), NULL);
}

SWL_TARGET_AVX2 SWL_INLINE void finish(const int rows, const bool is_wide, const struct place *p, const struct tile *t) {
  const struct swl_requantisation *r = &p->convolution->requantisation;
  if (p->is_narrow && r->gates) {
    finish_gated(rows, is_wide, p, t);
    return;
  }
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
      finish_four(false, p, &narrow, t);
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

SWL_TARGET_AVX2 SWL_INLINE void tile_of(const int rows, const bool is_wide, const bool is_deep, const uint8_t *const from[ROWS],
                                        const struct swl_paired_panel *panel, const int8_t *weights, struct place *p) {
  struct tile t;
  if (!is_deep) ask(&p->ahead);
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
    sum_windows(rows, is_wide, is_deep, from, panel, weights, &p->ahead, &t);
  }
  finish(rows, is_wide, p, &t);
}

static const int8_t zeros[COLUMNS * 4];

// The rows of a block from `row` on with one panel.
SWL_TARGET_AVX2 SWL_INLINE void tiles_of(const bool is_wide, const bool is_deep, const struct row_source *source, int64_t row, int64_t rows,
                                         const struct swl_paired_panel *panel, const int8_t *weights, struct place *p) {
  const uint8_t *from[ROWS];
  for (; row + ROWS <= rows; row += ROWS, p->element += ROWS * p->pixel) {
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) from[r] = row_at(source, row + r);
    tile_of(ROWS, is_wide, is_deep, from, panel, weights, p);
  }
  for (int64_t r = row; r < rows; r++) from[r - row] = row_at(source, r);
  switch (rows - row) {
  case 3: tile_of(3, is_wide, is_deep, from, panel, weights, p); break;
  case 2: tile_of(2, is_wide, is_deep, from, panel, weights, p); break;
  case 1: tile_of(1, is_wide, is_deep, from, panel, weights, p); break;
  default: break;
  }
}

// Shallow layers spend as much time on what follows the products as on them: all that their tiles share is made once. Gives the first row that is left.
// (`is_bare` is a constant at every call.)
SWL_TARGET_AVX2 SWL_INLINE int64_t shallow_tiles(const bool is_bare, const struct row_source *source, int64_t rows, const struct swl_paired_panel *panel,
                                                 const int8_t *weights, struct place *p) {
  const struct swl_narrow_avx2 narrow = swl_narrow_avx2(&p->convolution->requantisation, p->channel, true);
  const struct swl_paired_window *windows = (const struct swl_paired_window *)(const void *)(panel + 1);
  const __m256i low = p->low, high = p->high;
  int64_t row = 0;
  for (; row + ROWS <= rows; row += ROWS, p->element += ROWS * p->pixel) {
    const uint8_t *from[ROWS];
    struct tile t;
    ask(&p->ahead);
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) from[r] = row_at(source, row + r), t.low[r] = low, t.high[r] = high;
    sum_shallow(ROWS, true, from, panel, windows, weights, &t);
    finish_four(is_bare, p, &narrow, &t);
  }
  return row;
}

// One copy for panels of more than eight columns, one for deep ones of them, one for the others.
SWL_TARGET_AVX2 __attribute__((noinline)) static void wide_tiles(const struct row_source *source, int64_t rows, const struct swl_paired_panel *panel,
                                                                 const int8_t *weights, struct place *p) {
  int64_t row = 0;
  const bool has_plain_end = p->is_narrow && p->columns == COLUMNS && !p->convolution->requantisation.gates;
  if (has_plain_end && !p->is_short && panel->octets == 0 && swl_is_shallow(panel)) {
    const bool is_bare = swl_is_bare(&p->convolution->requantisation);
    row = is_bare ? shallow_tiles(true, source, rows, panel, weights, p) : shallow_tiles(false, source, rows, panel, weights, p);
  }
  tiles_of(true, false, source, row, rows, panel, weights, p);
}

SWL_TARGET_AVX2 __attribute__((noinline)) static void deep_tiles(const struct row_source *source, int64_t rows, const struct swl_paired_panel *panel,
                                                                 const int8_t *weights, struct place *p) {
  tiles_of(true, true, source, 0, rows, panel, weights, p);
}

SWL_TARGET_AVX2 __attribute__((noinline)) static void slim_tiles(const struct row_source *source, int64_t rows, const struct swl_paired_panel *panel,
                                                                 const int8_t *weights, struct place *p) {
  tiles_of(false, false, source, 0, rows, panel, weights, p);
}

// Windows of a deep panel, and of one that a single tile meets.
#define DEEP 96
#define DEEP_FOR_ONE 17

SWL_TARGET_AVX2 static void multiply(const struct swl_convolution_q8 *c, const struct row_source *source, int64_t first_row, int64_t rows, int64_t group,
                                     int64_t first_panel, int64_t last_panel, const struct swl_table_avx2 *table) {
  const struct swl_blocking *b = &c->blocking;
  const uint32_t *begins = (const uint32_t *)(const void *)c->weights + group * b->panels;
  const __m256i offset = _mm256_set1_epi32(c->input_flip + c->input_zero_point);
  for (int64_t p = first_panel; p < last_panel; p++) {
    const int8_t *at = c->weights + (int64_t)begins[p] * 64, *weights = at + swl_paired_weights_offset(b);
    const struct swl_paired_panel *panel = (const struct swl_paired_panel *)(const void *)at;
    const int8_t *sums = (const int8_t *)panel->sums;
    struct place place = {.convolution = c, .channel = group * b->group_outputs + p * COLUMNS, .pixel = c->window.output_channels, .table = table};
    place.columns = swl_minimum(COLUMNS, b->group_outputs - p * COLUMNS);
    place.is_short = b->strip_pitch == 0 && b->padded_depth < SWL_PAIRED_WINDOW;
    place.has_residual = c->requantisation.residual != NULL;
    place.is_narrow = c->requantisation.is_narrow && (place.columns == COLUMNS || place.columns == 8);
    const int8_t *bias = place.is_narrow ? (const int8_t *)(c->requantisation.bias + place.channel) : zeros;
    place.low = _mm256_sub_epi32(weights_at(bias), _mm256_mullo_epi32(offset, weights_at(sums)));
    if (place.columns > 8) place.high = _mm256_sub_epi32(weights_at(bias + 32), _mm256_mullo_epi32(offset, weights_at(sums + 32)));
    // A single tile reads every weight once: the next panel must come while this one is multiplied, or the memory rests meanwhile.
    const bool is_deep = place.columns > 8 && !panel->is_direct && swl_paired_windows(b) >= (rows <= ROWS ? DEEP_FOR_ONE : DEEP);
    // The next panel comes from memory or a far cache: asked for in time, it costs nothing.
    if (p + 1 < last_panel) {
      const int64_t lines = begins[p + 2] - begins[p + 1], times = swl_maximum((rows + ROWS - 1) / ROWS * swl_requests(panel, is_deep), 1);
      place.ahead = (struct ahead){.next = (const char *)c->weights + (int64_t)begins[p + 1] * 64, .lines = (lines + times - 1) / times};
    }
    place.element = first_row * place.pixel + place.channel;
    if (is_deep) {
      deep_tiles(source, rows, panel, weights, &place);
    } else if (place.columns > 8) {
      wide_tiles(source, rows, panel, weights, &place);
    } else {
      slim_tiles(source, rows, panel, weights, &place);
    }
  }
}

#define KERNEL swl_convolution_q8_4x16__avx2
#define TARGET SWL_TARGET_AVX2
#define TABLE struct swl_table_avx2
#define PREPARE swl_prepared_table
#define MULTIPLY multiply
#include "driver_bytes.h"
#else
typedef int swl_not_x86;
#endif
