// vpdpbusd: four products of an unsigned and a signed byte at once, added to 32 bits without saturating. The input is read
// as unsigned bytes u = x + offset, so the sum over x is the sum over u less offset × the column's weight sum; where the
// partial sums pass 32 bits they wrap, and the exact result, which fits, comes out.
#if defined(__x86_64__)
#include "../shared/epilogue_avx2.h"
#include "../shared/epilogue_avx512.h"
#include "convolution_q8.h"

#include <immintrin.h>

#define COLUMNS 16
#define LARGEST_ROWS 8
#define LARGEST_PANELS 4

// One tile: up to four neighbouring panels with up to eight rows, such that weights and sums stay in registers and each byte that is
// read meets as many weights as can be.
struct place {
  const struct swl_convolution_q8 *convolution;
  const int8_t *weights;                // the first panel's
  int64_t panel_size;                   // bytes from one panel to the next
  int64_t runs, steps, pitch;           // a row is `runs` runs of `steps` quartets, `pitch` bytes apart
  int64_t channel, columns, element, pixel; // elements from one row to the next
  __mmask64 mask;                       // of the columns that exist
  bool is_narrow, is_whole;             // whole: all columns exist
  const struct swl_table_avx512 *table; // NULL or the requantisation's, or its gates
  struct swl_narrow_avx512 narrow;
  __m512i start[LARGEST_PANELS];
  __m512 multipliers[LARGEST_PANELS];
};

// Where vector `v` of group `g`'s four stands: four neighbouring panels of a row, or two panels of two rows, or one of four rows. What
// doesn't exist stands for another in vain. (`panels` and `rows` are constants at every call of what follows.)
SWL_INLINE int row_of(const int panels, const int rows, int g, int v) {
  const int row = panels > 2 ? g : panels == 2 ? 2 * g + v / 2 : 4 * g + v;
  return row < rows ? row : rows - 1;
}
SWL_INLINE int panel_of(const int panels, int v) { return panels > 2 ? (v < panels ? v : panels - 1) : panels == 2 ? v % 2 : 0; }
SWL_INLINE int groups_of(const int panels, const int rows) { return panels > 2 ? rows : panels == 2 ? (rows + 1) / 2 : (rows + 3) / 4; }

// 64 bytes, or as many as there are columns, at a pixel's element.
SWL_TARGET_AVX512_VNNI SWL_INLINE void store(const int panels, const int rows, const struct place *p, int g, __m512i bytes) {
  uint8_t *to = p->convolution->output + p->element + row_of(panels, rows, g, 0) * p->pixel;
  if (panels > 2) {
    if (panels == 4 && p->is_whole) {
      _mm512_storeu_si512(to, bytes);
    } else {
      _mm512_mask_storeu_epi8(to, p->mask, bytes);
    }
    return;
  }
  if (panels == 2) {
    const bool has_second = 2 * g + 1 < rows;
    const __m256i first = _mm512_castsi512_si256(bytes), second = _mm512_extracti64x4_epi64(bytes, 1);
    if (p->is_whole) {
      _mm256_storeu_si256((__m256i *)(void *)to, first);
      if (has_second) _mm256_storeu_si256((__m256i *)(void *)(to + p->pixel), second);
    } else {
      _mm256_mask_storeu_epi8(to, (__mmask32)p->mask, first);
      if (has_second) _mm256_mask_storeu_epi8(to + p->pixel, (__mmask32)p->mask, second);
    }
    return;
  }
  const __m128i parts[4] = {_mm512_castsi512_si128(bytes), _mm512_extracti32x4_epi32(bytes, 1), _mm512_extracti32x4_epi32(bytes, 2),
                            _mm512_extracti32x4_epi32(bytes, 3)};
#pragma GCC unroll 4
  for (int v = 0; v < 4; v++) {
    if (4 * g + v >= rows) continue;
    if (p->is_whole) {
      _mm_storeu_si128((__m128i *)(void *)(to + v * p->pixel), parts[v]);
    } else {
      _mm_mask_storeu_epi8(to + v * p->pixel, (__mmask16)p->mask, parts[v]);
    }
  }
}

// The residual's bytes where `store` stores.
SWL_TARGET_AVX512_VNNI SWL_INLINE __m512i residual_of(const int panels, const int rows, const struct place *p, int g) {
  const uint8_t *from = p->convolution->requantisation.residual + p->element;
  if (panels > 2) return _mm512_maskz_loadu_epi8(p->mask, from + row_of(panels, rows, g, 0) * p->pixel);
  if (panels == 2) {
    const __m256i first = _mm256_maskz_loadu_epi8((__mmask32)p->mask, from + row_of(panels, rows, g, 0) * p->pixel);
    const __m256i second = _mm256_maskz_loadu_epi8((__mmask32)p->mask, from + row_of(panels, rows, g, 2) * p->pixel);
    return _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
  }
  __m128i part[4];
#pragma GCC unroll 4
  for (int v = 0; v < 4; v++) part[v] = _mm_maskz_loadu_epi8((__mmask16)p->mask, from + row_of(panels, rows, g, v) * p->pixel);
  const __m512i low = _mm512_inserti32x4(_mm512_castsi128_si512(part[0]), part[1], 1);
  return _mm512_inserti32x4(_mm512_inserti32x4(low, part[2], 2), part[3], 3);
}

SWL_TARGET_AVX512_VNNI SWL_INLINE void finish(const int panels, const int rows, const struct place *p, __m512i sums[LARGEST_ROWS][LARGEST_PANELS]) {
  const struct swl_requantisation *r = &p->convolution->requantisation;
  const int groups = groups_of(panels, rows);
  if (!p->is_narrow) {
    int32_t stored[LARGEST_ROWS][LARGEST_PANELS * COLUMNS];
#pragma GCC unroll 8
    for (int row = 0; row < rows; row++) {
#pragma GCC unroll 4
      for (int i = 0; i < panels; i++) _mm512_storeu_si512(stored[row] + i * COLUMNS, sums[row][i]);
    }
    for (int row = 0; row < rows; row++) swl_requantise_row_avx2(r, stored[row], p->channel, p->columns, p->element + row * p->pixel, p->convolution->output);
    return;
  }
  struct swl_words_avx512 words[LARGEST_ROWS];
#pragma GCC unroll 8
  for (int g = 0; g < groups; g++) {
    const __m512i a = sums[row_of(panels, rows, g, 0)][panel_of(panels, 0)], b = sums[row_of(panels, rows, g, 1)][panel_of(panels, 1)];
    const __m512i c = sums[row_of(panels, rows, g, 2)][panel_of(panels, 2)], d = sums[row_of(panels, rows, g, 3)][panel_of(panels, 3)];
    words[g].first = swl_products_avx512(a, p->multipliers[panel_of(panels, 0)], b, p->multipliers[panel_of(panels, 1)]);
    words[g].second = swl_products_avx512(c, p->multipliers[panel_of(panels, 2)], d, p->multipliers[panel_of(panels, 3)]);
  }
  if (!p->table && !r->residual) {
#pragma GCC unroll 8
    for (int g = 0; g < groups; g++) store(panels, rows, p, g, swl_in_order_avx512(swl_bytes_avx512(&p->narrow, words[g])));
    return;
  }
  __m512i bytes[LARGEST_ROWS];
  const bool has_gates = r->gates != NULL;
#pragma GCC unroll 8
  for (int g = 0; g < groups; g++) bytes[g] = has_gates ? swl_gate_places_avx512(words[g]) : swl_bytes_avx512(&p->narrow, words[g]);
  if (p->table) swl_look_up_vectors(p->table, bytes, groups);
#pragma GCC unroll 8
  for (int g = 0; g < groups; g++) {
    __m512i stored = swl_in_order_avx512(has_gates ? swl_gated_bytes_avx512(&p->narrow, r->gate_factor, words[g], bytes[g]) : bytes[g]);
    if (r->residual) stored = swl_add_residuals_avx512(r, stored, residual_of(panels, rows, p, g));
    store(panels, rows, p, g, stored);
  }
}

SWL_TARGET_AVX512_VNNI SWL_INLINE void tile_of(const int panels, const int rows, const struct row_source *source, int64_t first, const struct place *p) {
  __m512i sums[LARGEST_ROWS][LARGEST_PANELS], weights[LARGEST_PANELS];
  const uint8_t *row[LARGEST_ROWS];
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
    row[r] = row_at(source, first + r);
#pragma GCC unroll 4
    for (int i = 0; i < panels; i++) sums[r][i] = p->start[i];
  }
  const int8_t *from = p->weights;
  const int64_t size = p->panel_size, rest = p->pitch - 4 * p->steps;
  for (int64_t run = p->runs; run > 0; run--) {
    for (int64_t step = p->steps; step > 0; step--, from += 4 * COLUMNS) {
#pragma GCC unroll 4
      for (int i = 0; i < panels; i++) weights[i] = _mm512_loadu_si512(from + i * size);
#pragma GCC unroll 8
      for (int r = 0; r < rows; r++) {
        int32_t four;
        memcpy(&four, row[r], sizeof four);
        row[r] += 4;
        const __m512i bytes = _mm512_set1_epi32(four);
#pragma GCC unroll 4
        for (int i = 0; i < panels; i++) sums[r][i] = _mm512_dpbusd_epi32(sums[r][i], bytes, weights[i]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) row[r] += rest;
  }
  finish(panels, rows, p, sums);
}

// All rows of a block with neighbouring panels: eights (six with four panels), then what is left.
#define TILES(panels, full)                                                                                                                            \
  SWL_TARGET_AVX512_VNNI __attribute__((noinline)) static void tiles_of_##panels(const struct row_source *source, int64_t rows, struct place *p) {     \
    int64_t row = 0;                                                                                                                                   \
    for (; row + full <= rows; row += full, p->element += full * p->pixel) tile_of(panels, full, source, row, p);                                      \
    for (; row + 4 <= rows; row += 4, p->element += 4 * p->pixel) tile_of(panels, 4, source, row, p);                                                  \
    for (; row + 2 <= rows; row += 2, p->element += 2 * p->pixel) tile_of(panels, 2, source, row, p);                                                  \
    if (row < rows) tile_of(panels, 1, source, row, p);                                                                                                \
  }
TILES(1, 8)
TILES(2, 8)
TILES(3, 8)
TILES(4, 6)

// Five panels are better three and two than four and one.
static int64_t panels_together(int64_t left) { return left == 5 ? 3 : swl_minimum(left, LARGEST_PANELS); }

SWL_TARGET_AVX512_VNNI static void multiply(const struct swl_convolution_q8 *c, const struct row_source *source, int64_t first_row, int64_t rows, int64_t group,
                                            int64_t first_panel, int64_t last_panel, const struct swl_table_avx512 *table) {
  const struct swl_blocking *b = &c->blocking;
  const struct swl_requantisation *r = &c->requantisation;
  const __m512i offset = _mm512_set1_epi32(c->input_flip + c->input_zero_point);
  struct place place = {.convolution = c, .panel_size = SWL_SUMMED_PANEL_SIZE(b), .pixel = c->window.output_channels, .is_narrow = r->is_narrow, .table = table};
  place.narrow = swl_narrow_avx512(r);
  place.runs = b->strip_pitch == 0 ? 1 : c->window.kernel_height;
  place.pitch = b->strip_pitch, place.steps = b->padded_depth / place.runs / 4;
  for (int64_t panel = first_panel, count; panel < last_panel; panel += count) {
    count = panels_together(last_panel - panel);
    place.weights = c->weights + (group * b->panels + panel) * place.panel_size;
    place.columns = swl_minimum(count * COLUMNS, b->group_outputs - panel * COLUMNS);
    place.is_whole = place.columns == count * COLUMNS;
    place.mask = place.columns == 64 ? ~(__mmask64)0 : ((__mmask64)1 << place.columns) - 1;
    place.channel = group * b->group_outputs + panel * COLUMNS;
    place.element = first_row * place.pixel + place.channel;
    for (int64_t i = 0; i < count; i++) {
      const __mmask16 exist = (__mmask16)(place.mask >> i * COLUMNS);
      const __m512i sums = _mm512_loadu_si512(place.weights + i * place.panel_size + b->padded_depth * COLUMNS);
      const __m512i bias = _mm512_maskz_loadu_epi32(r->is_narrow ? exist : 0, r->bias + place.channel + i * COLUMNS);
      place.start[i] = _mm512_sub_epi32(bias, _mm512_mullo_epi32(offset, sums));
      place.multipliers[i] = _mm512_maskz_loadu_ps(exist, r->multipliers + place.channel + i * COLUMNS);
    }
    switch (count) {
    case 1: tiles_of_1(source, rows, &place); break;
    case 2: tiles_of_2(source, rows, &place); break;
    case 3: tiles_of_3(source, rows, &place); break;
    default: tiles_of_4(source, rows, &place); break;
    }
  }
}

#define KERNEL swl_convolution_q8_8x16__avx512vnni
#define TARGET SWL_TARGET_AVX512_VNNI
#define TABLE struct swl_table_avx512
#define PREPARE swl_prepared_table_avx512
#define MULTIPLY multiply
#include "driver_bytes.h"
#else
typedef int swl_not_x86;
#endif
