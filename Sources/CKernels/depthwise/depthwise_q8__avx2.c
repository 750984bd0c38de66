// 3×3 on 32 channels and more in quads (see divided_avx2.h); else blocks of sixteen or eight channels, of which two taps meet in one
// vpmaddwd. The input is read as unsigned bytes u = x + offset, so the sum over x is the sum over u less offset × the weight sum.
#if defined(__x86_64__)
#include "../shared/epilogue_avx2.h"
#include "../shared/table_avx2.h"
#include "blocks.h"
#include "depthwise_q8.h"
#include "divided_avx2.h"
#include "gates_avx2.h"

#include <immintrin.h>

// Sums of a block's channels, or the values of a pair of taps, a 16-bit number each.
struct pair {
  __m256i low, high;
};

#define SUMS 5

struct block {
  const int16_t *weights;
  int64_t pairs, channel;
  bool is_narrow; // the bias is in the sums from the start
  struct pair start;
  // Where gates follow: products are kept as words, [pixel][channel of the block] from `first_pixel` on, until the block's strip is complete. Else NULL.
  int16_t *words;
  int64_t first_pixel;
  // Of kernels that are read column by column, one pixel apart: sums that have met the padding before the first column already, and
  // what the padding behind the last one adds to the sum that has met the kernel's columns 0…i.
  struct pair first[SUMS], last[SUMS];
};

// `is_wide` (sixteen channels, not eight) and `is_signed` are constants at every call.
//
// Sixteen bytes, or eight, in both halves, as unsigned ones. Shuffles within a half widen them: those that cross halves (vpmovzx) take more than twice the time.
SWL_TARGET_AVX2 SWL_INLINE __m256i unsigned_bytes(const bool is_wide, const bool is_signed, const uint8_t *from) {
  const __m128i *at = (const __m128i *)(const void *)from;
  const __m256i bytes = is_wide ? _mm256_broadcastsi128_si256(_mm_loadu_si128(at)) : _mm256_broadcastq_epi64(_mm_loadl_epi64(at));
  return is_signed ? _mm256_xor_si256(bytes, _mm256_set1_epi8((char)0x80)) : bytes;
}

// Channels 0…3 of a half's bytes in its first half, 4…7 in its second, each byte a word; and a byte the first of two words.
SWL_TARGET_AVX2 SWL_INLINE __m256i words_of_pairs(void) {
  return _mm256_setr_epi8(0, -1, 1, -1, 2, -1, 3, -1, 4, -1, 5, -1, 6, -1, 7, -1, 8, -1, 9, -1, 10, -1, 11, -1, 12, -1, 13, -1, 14, -1, 15, -1);
}
SWL_TARGET_AVX2 SWL_INLINE __m256i words_of_singles(const char first) {
  const char a = first, b = (char)(first + 4);
  return _mm256_setr_epi8(a, -1, -1, -1, (char)(a + 1), -1, -1, -1, (char)(a + 2), -1, -1, -1, (char)(a + 3), -1, -1, -1, b, -1, -1, -1, (char)(b + 1), -1, -1,
                          -1, (char)(b + 2), -1, -1, -1, (char)(b + 3), -1, -1, -1);
}

SWL_TARGET_AVX2 SWL_INLINE struct pair load(const bool is_wide, const bool is_signed, const uint8_t *first, const uint8_t *second) {
  const __m256i a = unsigned_bytes(is_wide, is_signed, first), b = unsigned_bytes(is_wide, is_signed, second);
  const __m256i low = _mm256_shuffle_epi8(_mm256_unpacklo_epi8(a, b), words_of_pairs());
  return (struct pair){low, is_wide ? _mm256_shuffle_epi8(_mm256_unpackhi_epi8(a, b), words_of_pairs()) : _mm256_setzero_si256()};
}

// Has a sum in its register at once: compilers would add products to each other first, and registers wouldn't suffice.
#define KEEP(sum) __asm__("" : "+x"(sum))

SWL_TARGET_AVX2 SWL_INLINE void add(const bool is_wide, struct pair *sums, struct pair values, const int16_t *weights, int64_t pair) {
  const __m256i *w = (const __m256i *)(const void *)weights + pair * (is_wide ? 2 : 1);
  sums->low = _mm256_add_epi32(sums->low, _mm256_madd_epi16(values.low, _mm256_loadu_si256(w)));
  KEEP(sums->low);
  if (!is_wide) return;
  sums->high = _mm256_add_epi32(sums->high, _mm256_madd_epi16(values.high, _mm256_loadu_si256(w + 1)));
  KEEP(sums->high);
}

SWL_TARGET_AVX2 SWL_INLINE void finish(const bool is_wide, const struct swl_depthwise_q8 *d, const struct swl_narrow_avx2 *narrow, const struct block *b,
                                       const struct pair *sums, int64_t pixel) {
  const struct swl_requantisation *r = &d->requantisation;
  int64_t element = pixel * d->window.output_channels + b->channel;
  if (b->is_narrow && b->words) {
    const __m256i words = _mm256_permute4x64_epi64(swl_narrow_products(narrow, sums->low, sums->high), 0xD8);
    int16_t *to = b->words + (pixel - b->first_pixel) * (is_wide ? 16 : 8);
    if (is_wide) {
      _mm256_storeu_si256((__m256i *)to, words);
    } else {
      _mm_storeu_si128((__m128i *)to, _mm256_castsi256_si128(words));
    }
    return;
  }
  if (b->is_narrow) {
    __m128i bytes = swl_narrow_one(narrow, sums->low, sums->high);
    if (is_wide) {
      _mm_storeu_si128((__m128i *)(d->output + element), bytes);
    } else {
      _mm_storel_epi64((__m128i *)(d->output + element), bytes);
    }
    return;
  }
  int32_t stored[16];
  _mm256_storeu_si256((__m256i *)stored, sums->low);
  _mm256_storeu_si256((__m256i *)(stored + 8), sums->high);
  swl_requantise_row_avx2(r, stored, b->channel, is_wide ? 16 : 8, element, d->output);
}

// One output pixel by the addresses of its taps, in the order of the pairs.
SWL_TARGET_AVX2 SWL_INLINE struct pair sum_of_taps(const bool is_wide, const bool is_signed, const struct block *b, const uint8_t *const *taps) {
  struct pair sums = b->start;
  for (int64_t i = 0; i < b->pairs; i++) {
    add(is_wide, &sums, load(is_wide, is_signed, taps[2 * i] + b->channel, taps[2 * i + 1] + b->channel), b->weights, i);
  }
  return sums;
}

// Kernels of 3 or 5 columns and as many rows, column by column: each adds to the sums of all output pixels that it lies under.
struct walk {
  const struct swl_depthwise_q8 *d;
  const struct block *block;
  const struct swl_narrow_avx2 *narrow;
  struct source sources[5];
};

// The last row alone: each byte beside a 0.
SWL_TARGET_AVX2 SWL_INLINE struct pair load_single(const bool is_wide, const bool is_signed, const uint8_t *from) {
  const __m256i bytes = unsigned_bytes(is_wide, is_signed, from);
  const __m256i low = _mm256_shuffle_epi8(bytes, words_of_singles(0));
  return (struct pair){low, is_wide ? _mm256_shuffle_epi8(bytes, words_of_singles(8)) : _mm256_setzero_si256()};
}

// Adds one column of the image, `at` in each row, to the sums of the pixels that it lies under: sums[i] meets the kernel's column
// `phase` + i × stride.
SWL_TARGET_AVX2 SWL_INLINE void add_column(const bool is_wide, const bool is_signed, const int size, const int stride, const int phase,
                                           const int16_t *weights, const uint8_t *const at[5], struct pair *sums) {
  const int pairs = size / 2 + 1;
#pragma GCC unroll 3
  for (int p = 0; p < pairs; p++) {
    struct pair values = 2 * p + 1 < size ? load(is_wide, is_signed, at[2 * p], at[2 * p + 1 < size ? 2 * p + 1 : 0])
                                          : load_single(is_wide, is_signed, at[2 * p]);
#pragma GCC unroll 5
    for (int i = 0; phase + i * stride < size; i++) add(is_wide, &sums[i], values, weights, (phase + i * stride) * pairs + p);
  }
}

// A pixel further: the last of the sums is complete and leaves.
SWL_TARGET_AVX2 SWL_INLINE void shift(const int count, struct pair start, struct pair *sums) {
  // One by one: compilers make a loop of this a copy in memory, and the sums would live there.
  if (count > 4) sums[4] = sums[3];
  if (count > 3) sums[3] = sums[2];
  if (count > 2) sums[2] = sums[1];
  if (count > 1) sums[1] = sums[0];
  sums[0] = start;
}

// The columns that end with output pixel `step`, some of which may lie outside the image: afterwards the last of the sums is complete.
SWL_TARGET_AVX2 SWL_INLINE void advance_with_care(const bool is_wide, const bool is_signed, const int size, const int stride, const struct walk *walk,
                                                  int64_t step, struct pair *sums) {
  const struct swl_window *w = &walk->d->window;
  const int64_t channel = walk->block->channel;
  shift((size + stride - 1) / stride, walk->block->start, sums);
#pragma GCC unroll 2
  for (int phase = 0; phase < stride; phase++) {
    const int64_t column = step * stride + phase - w->pad_left;
    const bool exists = column >= 0 && column < w->input_width;
    const uint8_t *at[5];
#pragma GCC unroll 5
    for (int y = 0; y < size; y++) at[y] = exists ? walk->sources[y].start + column * walk->sources[y].pixel + channel : walk->d->padding + channel;
    add_column(is_wide, is_signed, size, stride, phase, walk->block->weights, at, sums);
  }
}

// The same inside the image: `at` is the first of the columns and goes on to the next pixel's.
SWL_TARGET_AVX2 SWL_INLINE void advance(const bool is_wide, const bool is_signed, const int size, const int stride, const struct walk *walk,
                                        const uint8_t *at[5], struct pair *sums) {
  shift((size + stride - 1) / stride, walk->block->start, sums);
  // Has weights and start read where they lie: to hold them from one pixel to the next, compilers would spill sums.
  __asm__ volatile("" ::: "memory");
#pragma GCC unroll 2
  for (int phase = 0; phase < stride; phase++) {
    add_column(is_wide, is_signed, size, stride, phase, walk->block->weights, at, sums);
#pragma GCC unroll 5
    for (int y = 0; y < size; y++) at[y] += walk->sources[y].pixel;
  }
}

// Columns inside the image up to step `end`: each completes an output pixel.
SWL_TARGET_AVX2 SWL_INLINE void advance_and_finish(const bool is_wide, const bool is_signed, const int size, const int stride, const struct walk *walk,
                                                   int64_t pixel, int64_t step, int64_t end, const uint8_t *at[5], struct pair *sums) {
  const struct block *b = walk->block;
  const int count = (size + stride - 1) / stride;
  if (is_wide && b->is_narrow && !b->words) {
    const int64_t channels = walk->d->window.output_channels;
    uint8_t *to = walk->d->output + (pixel + step - (count - 1)) * channels + b->channel;
    for (; step + 2 <= end; step += 2, to += 2 * channels) {
      advance(is_wide, is_signed, size, stride, walk, at, sums);
      __m256i first = swl_narrow_words(walk->narrow, sums[count - 1].low, sums[count - 1].high);
      __asm__ volatile("" : "+x"(first));
      advance(is_wide, is_signed, size, stride, walk, at, sums);
      __m256i bytes = swl_narrow_two_words(walk->narrow, first, swl_narrow_words(walk->narrow, sums[count - 1].low, sums[count - 1].high));
      _mm_storeu_si128((__m128i *)to, _mm256_castsi256_si128(bytes));
      _mm_storeu_si128((__m128i *)(to + channels), _mm256_extracti128_si256(bytes, 1));
    }
  }
  for (; step < end; step++) {
    advance(is_wide, is_signed, size, stride, walk, at, sums);
    finish(is_wide, walk->d, walk->narrow, b, &sums[count - 1], pixel + step - (count - 1));
  }
}

// A row of output pixels, the first of which is `pixel`, where no output pixel lies in the padding alone: padding costs nothing.
SWL_TARGET_AVX2 SWL_INLINE void run_row_by_one(const bool is_wide, const bool is_signed, const int size, const struct walk *walk, int64_t pixel) {
  const struct swl_window *w = &walk->d->window;
  const struct block *b = walk->block;
  // Outputs may be fewer than the window allows.
  const int64_t end = swl_minimum(w->input_width + w->pad_left, w->output_width + size - 1);
  struct pair sums[SUMS];
#pragma GCC unroll 5
  for (int i = 0; i < size; i++) sums[i] = b->first[i];
  const uint8_t *at[5];
#pragma GCC unroll 5
  for (int y = 0; y < size; y++) at[y] = walk->sources[y].start + b->channel;
  int64_t step = w->pad_left;
  for (; step < size - 1 && step < end; step++) advance(is_wide, is_signed, size, 1, walk, at, sums);
  advance_and_finish(is_wide, is_signed, size, 1, walk, pixel, step, end, at, sums);
#pragma GCC unroll 4
  for (int i = size - 2; i >= 0; i--) {
    const int64_t x = end - 1 - i;
    if (x < 0 || x >= w->output_width) continue;
    const struct pair sum = {_mm256_add_epi32(sums[i].low, b->last[i].low), _mm256_add_epi32(sums[i].high, b->last[i].high)};
    finish(is_wide, walk->d, walk->narrow, b, &sum, pixel + x);
  }
}

// A row of output pixels, the first of which is `pixel`.
SWL_TARGET_AVX2 SWL_INLINE void run_row(const bool is_wide, const bool is_signed, const int size, const int stride, const struct walk *walk, int64_t pixel) {
  const struct swl_window *w = &walk->d->window;
  const struct block *b = walk->block;
  const int count = (size + stride - 1) / stride;
  const int64_t steps = w->output_width + count - 1;
  // Steps inside..<end read columns of the image alone.
  int64_t inside = swl_maximum(count - 1, (w->pad_left + stride - 1) / stride), end = (w->input_width + w->pad_left) / stride;
  if (end > steps) end = steps;
  if (inside > steps) inside = steps;
  struct pair sums[SUMS];
#pragma GCC unroll 5
  for (int i = 0; i < count; i++) sums[i] = b->start;
  int64_t step = 0;
  for (; step < inside; step++) {
    advance_with_care(is_wide, is_signed, size, stride, walk, step, sums);
    if (step >= count - 1) finish(is_wide, walk->d, walk->narrow, b, &sums[count - 1], pixel + step - (count - 1));
  }
  const uint8_t *at[5];
#pragma GCC unroll 5
  for (int y = 0; y < size; y++) at[y] = walk->sources[y].start + (step * stride - w->pad_left) * walk->sources[y].pixel + b->channel;
  advance_and_finish(is_wide, is_signed, size, stride, walk, pixel, step, end, at, sums);
  step = swl_maximum(step, end);
  for (; step < steps; step++) {
    advance_with_care(is_wide, is_signed, size, stride, walk, step, sums);
    finish(is_wide, walk->d, walk->narrow, b, &sums[count - 1], pixel + step - (count - 1));
  }
}

static const int32_t zeros[16];

SWL_TARGET_AVX2 SWL_INLINE struct block block_at(const bool is_wide, const struct swl_depthwise_q8 *d, int64_t index) {
  const struct swl_window *w = &d->window;
  const struct swl_requantisation *r = &d->requantisation;
  const int64_t pairs = swl_tap_pairs(w), width = is_wide ? 16 : 8;
  struct block b = {.weights = d->weights + index * swl_block_size(w), .pairs = pairs, .channel = swl_block_channel(w->input_channels, index)};
  const __m256i *sums = (const __m256i *)(const void *)(b.weights + pairs * 2 * width);
  const __m256i offset = _mm256_set1_epi32(d->input_flip + d->input_zero_point);
  b.is_narrow = r->is_narrow && !r->residual;
  b.words = NULL;
  const __m256i *bias = (const __m256i *)(const void *)(b.is_narrow ? r->bias + b.channel : zeros);
  b.start.low = _mm256_sub_epi32(_mm256_loadu_si256(bias), _mm256_mullo_epi32(offset, _mm256_loadu_si256(sums)));
  b.start.high = _mm256_setzero_si256();
  if (is_wide) b.start.high = _mm256_sub_epi32(_mm256_loadu_si256(bias + 1), _mm256_mullo_epi32(offset, _mm256_loadu_si256(sums + 1)));
  return b;
}

// What the padding beside an image adds, from one end of the kernel and from the other.
SWL_TARGET_AVX2 SWL_INLINE void find_ends(const bool is_wide, const int size, const struct swl_depthwise_q8 *d, struct block *b) {
  const __m256i offset = _mm256_set1_epi32(d->input_flip + d->input_zero_point), ones = _mm256_set1_epi16(1);
  const int pairs = size / 2 + 1;
  struct pair met[SUMS], sum = {_mm256_setzero_si256(), _mm256_setzero_si256()};
  for (int i = 0; i < size; i++) {
    for (int p = 0; p < pairs; p++) add(is_wide, &sum, (struct pair){ones, ones}, b->weights, i * pairs + p);
    met[i] = (struct pair){_mm256_mullo_epi32(sum.low, offset), _mm256_mullo_epi32(sum.high, offset)};
  }
  for (int i = 0; i < size; i++) {
    b->last[i] = (struct pair){_mm256_sub_epi32(met[size - 1].low, met[i].low), _mm256_sub_epi32(met[size - 1].high, met[i].high)};
    b->first[i] = b->start;
    if (i < d->window.pad_left) b->first[i] = (struct pair){_mm256_add_epi32(b->start.low, met[i].low), _mm256_add_epi32(b->start.high, met[i].high)};
  }
}

// What gates make of the pixels from the first one of a block's words on.
SWL_TARGET_AVX2 SWL_INLINE void open_block(const bool is_wide, const struct swl_depthwise_q8 *d, const struct swl_table_avx2 *table, const struct block *b,
                                           int64_t pixels) {
  if (b->words) open_gates(d, table, b->words, is_wide ? 16 : 8, pixels, d->output + b->first_pixel * d->window.output_channels + b->channel);
}

SWL_TARGET_AVX2 SWL_INLINE void run_columns(const bool is_wide, const bool is_signed, const int size, const int stride, const struct swl_depthwise_q8 *d,
                                            const struct swl_table_avx2 *table, void *scratch, struct swl_column_part part) {
  const struct swl_window *w = &d->window;
  const bool by_one = stride == 1 && w->pad_left < size && w->pad_right < size;
  for (int64_t first = part.first_row, last; first < part.last_row; first = last) {
    last = swl_minimum(first + swl_tall_strip_rows(w), part.last_row);
    for (int64_t i = part.first_block; i < part.last_block; i++) {
      struct block b = block_at(is_wide, d, i);
      b.words = words_of(d, scratch), b.first_pixel = first * w->output_width;
      if (by_one) find_ends(is_wide, size, d, &b);
      const struct swl_narrow_avx2 narrow = swl_narrow_avx2(&d->requantisation, b.channel, is_wide);
      struct walk walk = {.d = d, .block = &b, .narrow = &narrow};
      for (int64_t item = first; item < last; item++) {
        find_sources(d, size, item, walk.sources);
        if (by_one) {
          run_row_by_one(is_wide, is_signed, size, &walk, item * w->output_width);
        } else {
          run_row(is_wide, is_signed, size, stride, &walk, item * w->output_width);
        }
      }
      open_block(is_wide, d, table, &b, (last - first) * w->output_width);
    }
  }
}

// Any kernel: the addresses of the taps of some pixels are found once for all channels.
SWL_TARGET_AVX2 SWL_INLINE void run_taps(const bool is_wide, const bool is_signed, const struct swl_depthwise_q8 *d, const struct swl_table_avx2 *table,
                                         void *scratch, int64_t begin, int64_t end) {
  const struct swl_window *w = &d->window;
  const int64_t pairs = swl_tap_pairs(w), tap_count = (int64_t)w->kernel_height * w->kernel_width, pixels = swl_tap_pixels(w);
  const uint8_t **taps = scratch;
  for (int64_t item = begin; item < end; item++) {
    for (int64_t first = 0; first < w->output_width; first += pixels) {
      const int64_t count = swl_minimum(pixels, w->output_width - first);
      for (int64_t x = 0; x < count; x++) {
        find_taps(w, d->input, d->padding, 1, item, first + x, (const void **)(taps + 2 * pairs * x));
        if (tap_count & 1) taps[2 * pairs * x + tap_count] = d->padding;
      }
      for (int64_t i = 0; i < swl_block_count(w->input_channels); i++) {
        struct block b = block_at(is_wide, d, i);
        b.words = words_of(d, scratch), b.first_pixel = item * w->output_width + first;
        const struct swl_narrow_avx2 narrow = swl_narrow_avx2(&d->requantisation, b.channel, is_wide);
        for (int64_t x = 0; x < count; x++) {
          struct pair sums = sum_of_taps(is_wide, is_signed, &b, taps + 2 * pairs * x);
          finish(is_wide, d, &narrow, &b, &sums, b.first_pixel + x);
        }
        open_block(is_wide, d, table, &b, count);
      }
    }
  }
}

#define RUN_COLUMNS(size, stride)                                                                                      \
  static SWL_TARGET_AVX2 __attribute__((noinline)) void run_columns_##size##_##stride(const struct swl_depthwise_q8 *d,         \
      const struct swl_table_avx2 *table, void *scratch, struct swl_column_part part) {                                \
    const bool is_wide = d->window.input_channels >= 16, is_signed = d->input_flip != 0;                               \
    if (is_wide && !is_signed) run_columns(true, false, size, stride, d, table, scratch, part);                        \
    if (is_wide && is_signed) run_columns(true, true, size, stride, d, table, scratch, part);                          \
    if (!is_wide && !is_signed) run_columns(false, false, size, stride, d, table, scratch, part);                      \
    if (!is_wide && is_signed) run_columns(false, true, size, stride, d, table, scratch, part);                        \
  }
RUN_COLUMNS(3, 1)
RUN_COLUMNS(3, 2)
RUN_COLUMNS(5, 1)
RUN_COLUMNS(5, 2)

#define KERNEL run_few_channels
#define TARGET SWL_TARGET_AVX2 static
#define SUM(d, taps, tap_count, sums) sum_plainly(d, taps, tap_count, 0, sums)
#define REQUANTISE swl_requantise_row
#include "driver_q8.h"

SWL_TARGET_AVX2 void swl_depthwise_q8_16__avx2(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_depthwise_q8 *d = arguments;
  const struct swl_window *w = &d->window;
  if (w->input_channels < 8) {
    run_few_channels(arguments, scratch, begin, end);
    return;
  }
  const struct swl_requantisation *r = &d->requantisation;
  struct swl_table_avx2 prepared;
  const struct swl_table_avx2 *table = swl_prepared_table(r, &prepared);
  const struct swl_column_part part = swl_column_part(w, begin, end);
  if (swl_has_divided_quads(w)) {
    run_divided(d, table, scratch, part);
  } else if (swl_is_read_by_column(w)) {
    if (w->kernel_width == 3) {
      (w->stride_width == 1 ? run_columns_3_1 : run_columns_3_2)(d, table, scratch, part);
    } else {
      (w->stride_width == 1 ? run_columns_5_1 : run_columns_5_2)(d, table, scratch, part);
    }
  } else {
    const bool is_wide = w->input_channels >= 16, is_signed = d->input_flip != 0;
    if (is_wide && !is_signed) run_taps(true, false, d, table, scratch, begin, end);
    if (is_wide && is_signed) run_taps(true, true, d, table, scratch, begin, end);
    if (!is_wide && !is_signed) run_taps(false, false, d, table, scratch, begin, end);
    if (!is_wide && is_signed) run_taps(false, true, d, table, scratch, begin, end);
  }
  // What isn't narrow has met the table already.
  if (r->table && r->is_narrow && !r->residual) look_up_part(d, table, part);
}
#else
typedef int swl_not_x86;
#endif
