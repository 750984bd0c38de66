// vpdpwssd on the transformed tiles of F(4×4, 3×3): two input channels in one product. Tiles of F(2×2, 3×3) are AVX2's.
#if defined(__x86_64__)
#include "../shared/epilogue_avx2.h"
#include "../shared/epilogue_avx512.h"
#include "winograd_q8.h"

#include <immintrin.h>

#define ROWS 8
#define PANELS 2

#define TARGET SWL_TARGET_AVX512_VNNI
#define NAME(x) x##_wide
#define V __m512i
#define OP(x) _mm512_##x
#define WHOLE(x) _mm512_##x##_si512
#define WORDS_OF(from) _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(const void *)(from)))
#define WORDS 32
#include "large_tiles.h"

#define TARGET SWL_TARGET_AVX512_VNNI
#define NAME(x) x##_slim
#define V __m256i
#define OP(x) _mm256_##x
#define WHOLE(x) _mm256_##x##_si256
#define WORDS_OF(from) _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(from)))
#define WORDS 16
#include "large_tiles.h"

// products[rows][panels × 16] = tiles[rows][inputs] · weights[inputs][16], for neighbouring panels. `rows` and `panels` are constants at every
// call.
SWL_TARGET_AVX512_VNNI SWL_INLINE void multiply(const int rows, const int panels, const int16_t *tiles, int64_t inputs, const int16_t *weights,
                                                int64_t panel_size, int32_t *products) {
  __m512i sums[ROWS][PANELS];
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 2
    for (int i = 0; i < panels; i++) sums[r][i] = _mm512_setzero_si512();
  }
  for (int64_t c = 0; c < inputs; c += 2) {
    __m512i columns[PANELS];
#pragma GCC unroll 2
    for (int i = 0; i < panels; i++) columns[i] = _mm512_loadu_si512(weights + i * panel_size + c * COLUMNS);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
      int32_t two;
      memcpy(&two, tiles + r * inputs + c, sizeof two);
      const __m512i pair = _mm512_set1_epi32(two);
#pragma GCC unroll 2
      for (int i = 0; i < panels; i++) sums[r][i] = _mm512_dpwssd_epi32(sums[r][i], pair, columns[i]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 2
    for (int i = 0; i < panels; i++) _mm512_store_si512(products + (r * PANELS + i) * COLUMNS, sums[r][i]);
  }
}

#define MULTIPLY_BLOCK(panels)                                                                                                                         \
  SWL_TARGET_AVX512_VNNI __attribute__((noinline)) static void multiply_block_##panels(int64_t count, const int16_t *tiles, int64_t inputs,            \
      const int16_t *weights, int64_t panel_size, int32_t *products) {                                                                                 \
    int64_t t = 0;                                                                                                                                     \
    for (; t + ROWS <= count; t += ROWS) multiply(ROWS, panels, tiles + t * inputs, inputs, weights, panel_size, products + t * PANELS * COLUMNS);     \
    for (; t + 4 <= count; t += 4) multiply(4, panels, tiles + t * inputs, inputs, weights, panel_size, products + t * PANELS * COLUMNS);              \
    for (; t < count; t++) multiply(1, panels, tiles + t * inputs, inputs, weights, panel_size, products + t * PANELS * COLUMNS);                      \
  }
MULTIPLY_BLOCK(1)
MULTIPLY_BLOCK(2)

// What a panel's outputs need.
struct panel {
  const struct swl_winograd_q8 *a;
  const struct swl_table_avx512 *table; // NULL or the requantisation's, or its gates
  struct swl_narrow_avx512 narrow;
  int64_t channel, columns;
  __mmask16 mask; // of the columns that exist
  __m512i bias;
  __m512 multipliers;
};

// One tile's outputs in one panel.
SWL_TARGET_AVX512_VNNI static void finish(const struct panel *p, struct tile_place place, const int32_t *products, int64_t stride) {
  const struct swl_winograd_q8 *a = p->a;
  const struct swl_window *w = &a->window;
  const struct swl_requantisation *r = &a->requantisation;
  const int64_t first = ((place.image * w->output_height + place.y) * w->output_width + place.x) * w->output_channels + p->channel;
  const int64_t rows = swl_minimum(w->output_height - place.y, 4), across = swl_minimum(w->output_width - place.x, 4);
  __m512i sums[16];
  gather_large_wide(products, stride, sums);
  if (!r->is_narrow) {
    int32_t stored[16][COLUMNS];
    for (int i = 0; i < 16; i++) _mm512_storeu_si512(stored[i], sums[i]);
    for (int64_t y = 0; y < rows; y++) {
      for (int64_t x = 0; x < across; x++) {
        swl_requantise_row_avx2(r, stored[4 * y + x], p->channel, p->columns, first + (y * w->output_width + x) * w->output_channels, a->output);
      }
    }
    return;
  }
  struct swl_words_avx512 words[4];
  __m512i bytes[4];
#pragma GCC unroll 4
  for (int y = 0; y < 4; y++) {
    __m512i biased[4];
#pragma GCC unroll 4
    for (int x = 0; x < 4; x++) biased[x] = _mm512_add_epi32(sums[4 * y + x], p->bias);
    words[y].first = swl_products_avx512(biased[0], p->multipliers, biased[1], p->multipliers);
    words[y].second = swl_products_avx512(biased[2], p->multipliers, biased[3], p->multipliers);
    bytes[y] = r->gates ? swl_gate_places_avx512(words[y]) : swl_bytes_avx512(&p->narrow, words[y]);
  }
  if (p->table) swl_look_up_vectors(p->table, bytes, 4);
  for (int64_t y = 0; y < rows; y++) {
    const __m512i stored = swl_in_order_avx512(r->gates ? swl_gated_bytes_avx512(&p->narrow, r->gate_factor, words[y], bytes[y]) : bytes[y]);
    const __m128i pixels[4] = {_mm512_castsi512_si128(stored), _mm512_extracti32x4_epi32(stored, 1), _mm512_extracti32x4_epi32(stored, 2),
                               _mm512_extracti32x4_epi32(stored, 3)};
#pragma GCC unroll 4
    for (int x = 0; x < 4; x++) {
      if (x >= across) continue;
      const int64_t element = first + (y * w->output_width + x) * w->output_channels;
      __m128i pixel = pixels[x];
      if (r->residual) pixel = swl_add_residual_avx512(r, pixel, _mm_maskz_loadu_epi8(p->mask, r->residual + element));
      if (p->columns == COLUMNS) {
        _mm_storeu_si128((__m128i *)(void *)(a->output + element), pixel);
      } else {
        _mm_mask_storeu_epi8(a->output + element, p->mask, pixel);
      }
    }
  }
}

SWL_TARGET_AVX512_VNNI static struct panel panel_at(const struct swl_winograd_q8 *a, const struct swl_table_avx512 *table, int64_t index) {
  const struct swl_requantisation *r = &a->requantisation;
  struct panel p = {.a = a, .table = table, .narrow = swl_narrow_avx512(r), .channel = index * COLUMNS};
  p.columns = swl_minimum(COLUMNS, a->window.output_channels - p.channel);
  p.mask = (__mmask16)((1u << p.columns) - 1);
  p.bias = _mm512_maskz_loadu_epi32(p.mask, r->bias + p.channel);
  p.multipliers = _mm512_maskz_loadu_ps(p.mask, r->multipliers + p.channel);
  return p;
}

SWL_TARGET_AVX512_VNNI void swl_winograd_q8_8x16__avx512vnni(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_winograd_q8 *a = arguments;
  const struct swl_window *w = &a->window;
  const struct swl_winograd_blocking *b = &a->blocking;
  if (b->size != 4) {
    swl_winograd_q8_4x16__avx2(arguments, scratch, begin, end);
    return;
  }
  const struct winograd_scratch s = winograd_scratch(w, b, scratch);
  const int64_t inputs = w->input_channels, places = winograd_places(4), panel_size = COLUMNS * places * inputs;
  struct swl_table_avx512 prepared;
  const struct swl_table_avx512 *table = swl_prepared_table_avx512(&a->requantisation, &prepared);
  for (int64_t item = begin; item < end; item++) {
    const int64_t first = item / b->column_splits * b->tiles_per_block, count = swl_minimum(b->tiles_per_block, b->tiles - first);
    const int64_t split = item % b->column_splits, last_panel = swl_minimum((split + 1) * b->panels_per_split, b->panels);
    (inputs % 32 == 0 ? transform_block_wide : transform_block_slim)(a, first, count, &s);
    for (int64_t index = split * b->panels_per_split, panels; index < last_panel; index += panels) {
      panels = swl_minimum(last_panel - index, PANELS);
      const int16_t *weights = a->weights + index * panel_size;
      for (int64_t p = 0; p < places; p++) {
        (panels == 2 ? multiply_block_2 : multiply_block_1)(count, s.tiles + p * s.tile_stride, inputs, weights + p * inputs * COLUMNS, panel_size,
                                                            s.products + p * s.product_stride);
      }
      for (int64_t i = 0; i < panels; i++) {
        const struct panel panel = panel_at(a, table, index + i);
        for (int64_t t = 0; t < count; t++) finish(&panel, place_of_tile(w, 4, first + t), s.products + (t * PANELS + i) * COLUMNS, s.product_stride);
      }
    }
  }
}
#else
typedef int swl_not_x86;
#endif
