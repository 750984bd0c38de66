// vpmaddwd on the transformed tiles: two input channels in one product.
#if defined(__x86_64__)
#include "../shared/epilogue_avx2.h"
#include "../shared/table_avx2.h"
#include "winograd_q8.h"

#include <immintrin.h>

#define ROWS 4

#define TARGET SWL_TARGET_AVX2
#define NAME(x) x##_of_large
#define V __m256i
#define OP(x) _mm256_##x
#define WHOLE(x) _mm256_##x##_si256
#define WORDS_OF(from) _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(from)))
#define WORDS 16
#include "large_tiles.h"

SWL_TARGET_AVX2 SWL_INLINE void transform(const __m256i from[4], __m256i to[4]) {
  to[0] = _mm256_sub_epi16(from[0], from[2]);
  to[1] = _mm256_add_epi16(from[1], from[2]);
  to[2] = _mm256_sub_epi16(from[2], from[1]);
  to[3] = _mm256_sub_epi16(from[1], from[3]);
}

// Sixteen channels of one tile.
SWL_TARGET_AVX2 SWL_INLINE void transform_tile(const struct swl_winograd_q8 *a, const bool is_inside, struct tile_place place, int64_t channel, int16_t *to,
                                               int64_t stride) {
  const struct swl_window *w = &a->window;
  const __m128i flip = _mm_set1_epi8((char)a->input_flip);
  const __m256i offset = _mm256_set1_epi16((short)(a->input_flip + a->input_zero_point));
  const int64_t pixel = w->input_channels, row_bytes = w->input_width * pixel;
  const int64_t top = place.y - w->pad_top, left = place.x - w->pad_left;
  // Of the tile's first pixel, which may lie outside the image.
  const int64_t first = (place.image * w->input_height + top) * row_bytes + left * pixel + channel;
  __m256i columns[4][4];
#pragma GCC unroll 4
  for (int x = 0; x < 4; x++) {
    __m256i values[4];
#pragma GCC unroll 4
    for (int y = 0; y < 4; y++) {
      const bool exists = is_inside || (top + y >= 0 && top + y < w->input_height && left + x >= 0 && left + x < w->input_width);
      values[y] = _mm256_setzero_si256();
      if (exists) {
        __m128i bytes = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(a->input + first + y * row_bytes + x * pixel)), flip);
        values[y] = _mm256_sub_epi16(_mm256_cvtepu8_epi16(bytes), offset);
      }
    }
    transform(values, columns[x]);
  }
#pragma GCC unroll 4
  for (int y = 0; y < 4; y++) {
    const __m256i row[4] = {columns[0][y], columns[1][y], columns[2][y], columns[3][y]};
    __m256i places[4];
    transform(row, places);
#pragma GCC unroll 4
    for (int x = 0; x < 4; x++) _mm256_store_si256((__m256i *)(void *)(to + (4 * y + x) * stride), places[x]);
  }
}

SWL_TARGET_AVX2 static void transform_block(const struct swl_winograd_q8 *a, int64_t first, int64_t count, const struct winograd_scratch *s) {
  const struct swl_window *w = &a->window;
  const int64_t inputs = w->input_channels;
  for (int64_t t = 0; t < count; t++) {
    const struct tile_place place = place_of_tile(w, 2, first + t);
    const int64_t top = place.y - w->pad_top, left = place.x - w->pad_left;
    if (top >= 0 && left >= 0 && top + 4 <= w->input_height && left + 4 <= w->input_width) {
      for (int64_t c = 0; c < inputs; c += 16) transform_tile(a, true, place, c, s->tiles + t * inputs + c, s->tile_stride);
    } else {
      for (int64_t c = 0; c < inputs; c += 16) transform_tile(a, false, place, c, s->tiles + t * inputs + c, s->tile_stride);
    }
  }
}

// products[rows][16] = tiles[rows][inputs] · weights[inputs][16]; `rows` is a constant at every call. Asks for a line at `ahead` with every eight inputs.
SWL_TARGET_AVX2 SWL_INLINE void multiply(const int rows, const int16_t *tiles, int64_t inputs, const int16_t *weights, int32_t *products,
                                         const int16_t *ahead) {
  __m256i low[ROWS], high[ROWS];
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) low[r] = high[r] = _mm256_setzero_si256();
  for (int64_t c = 0; c < inputs; c += 8) {
    _mm_prefetch((const char *)(ahead + c * AHEAD / 8), _MM_HINT_T0);
#pragma GCC unroll 4
    for (int64_t pair = c; pair < c + 8; pair += 2) {
      const __m256i low_weights = _mm256_loadu_si256((const __m256i *)(const void *)(weights + pair * COLUMNS));
      const __m256i high_weights = _mm256_loadu_si256((const __m256i *)(const void *)(weights + pair * COLUMNS + 16));
#pragma GCC unroll 4
      for (int r = 0; r < rows; r++) {
        int32_t two;
        memcpy(&two, tiles + r * inputs + pair, sizeof two);
        const __m256i both = _mm256_set1_epi32(two);
        low[r] = _mm256_add_epi32(low[r], _mm256_madd_epi16(both, low_weights));
        high[r] = _mm256_add_epi32(high[r], _mm256_madd_epi16(both, high_weights));
      }
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) {
    _mm256_store_si256((__m256i *)(void *)(products + r * COLUMNS), low[r]);
    _mm256_store_si256((__m256i *)(void *)(products + r * COLUMNS + 8), high[r]);
  }
}

#define TARGET SWL_TARGET_AVX2
#include "tile_rows.h"

// The sums of a tile's four pixels, eight channels.
SWL_TARGET_AVX2 SWL_INLINE void gather_sums(const int32_t *products, int64_t stride, __m256i sums[4]) {
  __m256i even[4], odd[4];
#pragma GCC unroll 4
  for (int y = 0; y < 4; y++) {
    __m256i m[4];
#pragma GCC unroll 4
    for (int x = 0; x < 4; x++) m[x] = _mm256_load_si256((const __m256i *)(const void *)(products + (4 * y + x) * stride));
    even[y] = _mm256_add_epi32(_mm256_add_epi32(m[0], m[1]), m[2]);
    odd[y] = _mm256_sub_epi32(_mm256_sub_epi32(m[1], m[2]), m[3]);
  }
  sums[0] = _mm256_srai_epi32(_mm256_add_epi32(_mm256_add_epi32(even[0], even[1]), even[2]), 2);
  sums[1] = _mm256_srai_epi32(_mm256_add_epi32(_mm256_add_epi32(odd[0], odd[1]), odd[2]), 2);
  sums[2] = _mm256_srai_epi32(_mm256_sub_epi32(_mm256_sub_epi32(even[1], even[2]), even[3]), 2);
  sums[3] = _mm256_srai_epi32(_mm256_sub_epi32(_mm256_sub_epi32(odd[1], odd[2]), odd[3]), 2);
}

// Of one panel and one tile.
struct outputs {
  const struct swl_winograd_q8 *a;
  const struct swl_table_avx2 *table;
  const struct swl_narrow_avx2 *narrow; // NULL where the requantisation isn't, or columns are missing
  struct tile_place place;
  int64_t channel, columns;
};

// Four pixels' outputs from their sums: pixel i is (y + i / across, x + i % across) of the tile. (y, x and across are constants at every call.)
SWL_TARGET_AVX2 SWL_INLINE void finish(const struct outputs *o, const int y, const int x, const int across, const __m256i low_sums[4],
                                       const __m256i high_sums[4]) {
  const struct swl_winograd_q8 *a = o->a;
  const struct swl_window *w = &a->window;
  const struct swl_requantisation *r = &a->requantisation;
  const struct swl_narrow_avx2 *narrow = o->narrow;
  const int64_t channel = o->channel;
  const int64_t first = (o->place.image * w->output_height + o->place.y + y) * w->output_width + o->place.x + x;
  if (o->place.y + y >= w->output_height) return;
  bool exists[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) exists[i] = o->place.y + y + i / across < w->output_height && o->place.x + x + i % across < w->output_width;
  if (narrow) {
    const __m256i low_bias = _mm256_loadu_si256((const __m256i *)(const void *)(r->bias + channel));
    const __m256i high_bias = _mm256_loadu_si256((const __m256i *)(const void *)(r->bias + channel + 8));
    __m256i low[4], high[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) low[i] = _mm256_add_epi32(low_sums[i], low_bias), high[i] = _mm256_add_epi32(high_sums[i], high_bias);
    __m256i upper, lower;
    if (r->gates) {
      __m256i words[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) words[i] = swl_narrow_products(narrow, low[i], high[i]);
      swl_gated_four(narrow, o->table, r->gate_factor, words, &upper, &lower);
    } else {
      upper = swl_narrow_two(narrow, low[0], high[0], low[1], high[1]), lower = swl_narrow_two(narrow, low[2], high[2], low[3], high[3]);
      if (o->table) swl_look_up_two(o->table, &upper, &lower);
    }
    const __m128i bytes[4] = {_mm256_castsi256_si128(upper), _mm256_extracti128_si256(upper, 1), _mm256_castsi256_si128(lower),
                              _mm256_extracti128_si256(lower, 1)};
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      if (!exists[i]) continue;
      const int64_t element = (first + i / across * w->output_width + i % across) * w->output_channels + channel;
      __m128i result = bytes[i];
      if (r->residual) result = swl_add_residual_sixteen(r, result, _mm_loadu_si128((const __m128i *)(const void *)(r->residual + element)));
      _mm_storeu_si128((__m128i *)(void *)(a->output + element), result);
    }
    return;
  }
  int32_t sums[4][COLUMNS];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    _mm256_storeu_si256((__m256i *)(void *)sums[i], low_sums[i]);
    _mm256_storeu_si256((__m256i *)(void *)(sums[i] + 8), high_sums[i]);
  }
  for (int i = 0; i < 4; i++) {
    const int64_t element = (first + i / across * w->output_width + i % across) * w->output_channels + channel;
    if (exists[i]) swl_requantise_row_avx2(r, sums[i], channel, o->columns, element, a->output);
  }
}

SWL_TARGET_AVX2 static void finish_small(const struct outputs *o, const int32_t *products, int64_t stride) {
  __m256i low[4], high[4];
  gather_sums(products, stride, low);
  gather_sums(products + 8, stride, high);
  finish(o, 0, 0, 2, low, high);
}

SWL_TARGET_AVX2 static void finish_large(const struct outputs *o, const int32_t *products, int64_t stride) {
  __m256i low[16], high[16];
  gather_large_of_large(products, stride, low);
  gather_large_of_large(products + 8, stride, high);
  for (int y = 0; y < 4; y++) finish(o, y, 0, 4, low + 4 * y, high + 4 * y);
}

SWL_TARGET_AVX2 void swl_winograd_q8_4x16__avx2(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_winograd_q8 *a = arguments;
  const struct swl_window *w = &a->window;
  const struct swl_winograd_blocking *b = &a->blocking;
  const struct winograd_scratch s = winograd_scratch(w, b, scratch);
  const int64_t inputs = w->input_channels, places = winograd_places(b->size);
  struct swl_table_avx2 table;
  const struct swl_table_avx2 *prepared = swl_prepared_table(&a->requantisation, &table);
  for (int64_t item = begin; item < end; item++) {
    const int64_t first = item / b->column_splits * b->tiles_per_block, count = swl_minimum(b->tiles_per_block, b->tiles - first);
    const int64_t split = item % b->column_splits, last_panel = swl_minimum((split + 1) * b->panels_per_split, b->panels);
    (b->size == 4 ? transform_block_of_large : transform_block)(a, first, count, &s);
    for (int64_t panel = split * b->panels_per_split; panel < last_panel; panel++) {
      const int16_t *weights = a->weights + panel * COLUMNS * places * inputs;
      multiply_places(count, places, inputs, weights, panel + 1 < last_panel, &s);
      struct outputs outputs = {.a = a, .table = prepared, .channel = panel * COLUMNS};
      outputs.columns = swl_minimum(COLUMNS, w->output_channels - outputs.channel);
      struct swl_narrow_avx2 narrow;
      if (a->requantisation.is_narrow && outputs.columns == COLUMNS) {
        narrow = swl_narrow_avx2(&a->requantisation, outputs.channel, true);
        outputs.narrow = &narrow;
      }
      for (int64_t t = 0; t < count; t++) {
        outputs.place = place_of_tile(w, b->size, first + t);
        (b->size == 4 ? finish_large : finish_small)(&outputs, s.products + t * COLUMNS, s.product_stride);
      }
    }
  }
}
#else
typedef int swl_not_x86;
#endif
