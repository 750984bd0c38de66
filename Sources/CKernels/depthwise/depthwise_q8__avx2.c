// Blocks of sixteen or eight channels; two taps meet in one vpmaddwd. The stored bytes are widened as they are, so the sum over x
// is the sum over the stored values less zero point × the weight sum.
#if defined(__x86_64__)
#include "../shared/epilogue_avx2.h"
#include "blocks.h"
#include "depthwise_q8.h"

#include <immintrin.h>

// Sums of a block's channels, or the values of a pair of taps, a 16-bit number each.
struct pair {
  __m256i low, high;
};

struct block {
  const int16_t *weights;
  int64_t pairs, channel;
  bool is_narrow; // the bias is in the sums from the start
  struct pair start;
};

// `is_wide` (sixteen channels, not eight) and `is_signed` are constants at every call.
SWL_TARGET_AVX2 SWL_INLINE __m256i widen(const bool is_signed, __m128i bytes) { return is_signed ? _mm256_cvtepi8_epi16(bytes) : _mm256_cvtepu8_epi16(bytes); }

SWL_TARGET_AVX2 SWL_INLINE struct pair load(const bool is_wide, const bool is_signed, const uint8_t *first, const uint8_t *second) {
  if (!is_wide) {
    __m128i bytes = _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)first), _mm_loadl_epi64((const __m128i *)second));
    return (struct pair){widen(is_signed, bytes), _mm256_setzero_si256()};
  }
  __m128i a = _mm_loadu_si128((const __m128i *)first), b = _mm_loadu_si128((const __m128i *)second);
  return (struct pair){widen(is_signed, _mm_unpacklo_epi8(a, b)), widen(is_signed, _mm_unpackhi_epi8(a, b))};
}

SWL_TARGET_AVX2 SWL_INLINE void add(const bool is_wide, struct pair *sums, struct pair values, const int16_t *weights, int64_t pair) {
  const __m256i *w = (const __m256i *)(const void *)weights + pair * (is_wide ? 2 : 1);
  sums->low = _mm256_add_epi32(sums->low, _mm256_madd_epi16(values.low, _mm256_loadu_si256(w)));
  if (is_wide) sums->high = _mm256_add_epi32(sums->high, _mm256_madd_epi16(values.high, _mm256_loadu_si256(w + 1)));
}

SWL_TARGET_AVX2 SWL_INLINE void finish(const bool is_wide, const struct swl_depthwise_q8 *d, const struct swl_narrow_avx2 *narrow, const struct block *b,
                                       const struct pair *sums, int64_t pixel) {
  const struct swl_requantisation *r = &d->requantisation;
  int64_t element = pixel * d->window.output_channels + b->channel;
  if (b->is_narrow) {
    __m128i bytes = swl_narrow_one(narrow, sums->low, sums->high);
    if (is_wide) {
      _mm_storeu_si128((__m128i *)(d->output + element), bytes);
      if (r->table) swl_look_up_sixteen(r->table, d->output + element);
    } else {
      _mm_storel_epi64((__m128i *)(d->output + element), bytes);
      for (int i = 0; i < 8 && r->table; i++) d->output[element + i] = r->table[d->output[element + i]];
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

// Where the taps of a row of output pixels lie: a row of the image, or the padding pixel over and over.
struct source {
  const uint8_t *start;
  int64_t pixel; // bytes from one column to the next
};

// Output pixels first..<last of a row under a 3×3 kernel, all of whose columns lie inside the image. `sources` begin at the
// leftmost column of pixel `first`.
SWL_TARGET_AVX2 SWL_INLINE void run_3x3(const bool is_wide, const bool is_signed, const struct swl_depthwise_q8 *d, const struct swl_narrow_avx2 *narrow,
                                        const struct block *b, const struct source sources[3], int64_t first, int64_t last, int64_t pixel) {
  const uint8_t *top = sources[0].start + b->channel, *middle = sources[1].start + b->channel, *bottom = sources[2].start + b->channel;
  const int64_t top_step = sources[0].pixel, middle_step = sources[1].pixel, bottom_step = sources[2].pixel;
  const int64_t count = last - first;
  const int16_t *w = b->weights;
#define UPPER(column) load(is_wide, is_signed, top + (column) * top_step, middle + (column) * middle_step)
#define LOWER(column, next) load(is_wide, is_signed, bottom + (column) * bottom_step, bottom + (next) * bottom_step)
  if (d->window.stride_width != 1) {
    const int64_t stride = d->window.stride_width;
    for (int64_t x = 0; x < count; x++) {
      struct pair sums = b->start;
      int64_t column = x * stride;
      add(is_wide, &sums, UPPER(column), w, 0);
      add(is_wide, &sums, UPPER(column + 1), w, 1);
      add(is_wide, &sums, UPPER(column + 2), w, 2);
      add(is_wide, &sums, LOWER(column, column + 1), w, 3);
      add(is_wide, &sums, LOWER(column + 2, column + 2), w, 4);
      finish(is_wide, d, narrow, b, &sums, pixel + first + x);
    }
    return;
  }
  // Columns x, x + 1 and x + 2 take turns in three variables. The lower row's pair of a column and the next serves two pixels.
  struct pair upper0 = UPPER(0), upper1 = UPPER(1), upper2, lower0 = LOWER(0, 1), lower1 = LOWER(1, 2), lower2;
#define STEP(a, b_, c, x)                                                                                              \
  {                                                                                                                    \
    struct pair sums = b->start;                                                                                       \
    int64_t next = (x) + 3 < count + 2 ? (x) + 3 : (x) + 2;                                                            \
    upper##c = UPPER((x) + 2);                                                                                         \
    lower##c = LOWER((x) + 2, next);                                                                                   \
    add(is_wide, &sums, upper##a, w, 0);                                                                               \
    add(is_wide, &sums, upper##b_, w, 1);                                                                              \
    add(is_wide, &sums, upper##c, w, 2);                                                                               \
    add(is_wide, &sums, lower##a, w, 3);                                                                               \
    add(is_wide, &sums, lower##c, w, 4);                                                                               \
    finish(is_wide, d, narrow, b, &sums, pixel + first + (x));                                                         \
  }
  int64_t x = 0;
  for (; x + 3 <= count; x += 3) {
    STEP(0, 1, 2, x)
    STEP(1, 2, 0, x + 1)
    STEP(2, 0, 1, x + 2)
  }
  if (x < count) STEP(0, 1, 2, x)
  if (x + 1 < count) STEP(1, 2, 0, x + 1)
#undef STEP
#undef UPPER
#undef LOWER
}

static const int32_t zeros[16];

SWL_TARGET_AVX2 SWL_INLINE void run_row(const bool is_wide, const bool is_signed, const struct swl_depthwise_q8 *d, void *scratch, int64_t item) {
  const struct swl_window *w = &d->window;
  const struct swl_requantisation *r = &d->requantisation;
  const int64_t channels = w->input_channels, pairs = swl_tap_pairs(w), taps_count = (int64_t)w->kernel_height * w->kernel_width;
  const void **taps = scratch;
  const uint8_t **ordered = (const uint8_t **)(taps + taps_count + 1);
  // Pixels inside..<end have all their columns inside the image.
  int64_t reach = (w->kernel_width - 1) * (int64_t)w->dilation_width;
  int64_t inside = (w->pad_left + w->stride_width - 1) / w->stride_width, end = (w->input_width - 1 - reach + w->pad_left) / w->stride_width + 1;
  if (w->input_width - 1 - reach + w->pad_left < 0) end = 0;
  if (end > w->output_width) end = w->output_width;
  if (inside > end) inside = end;
  const bool is_3x3 = w->kernel_height == 3 && w->kernel_width == 3 && w->dilation_width == 1;
  if (!is_3x3) inside = end = w->output_width;
  struct source sources[3];
  if (is_3x3) {
    const uint8_t *image = d->input + item / w->output_height * w->input_height * w->input_width * channels;
    int64_t top = item % w->output_height * w->stride_height - w->pad_top, left = inside * w->stride_width - w->pad_left;
    for (int64_t y = 0; y < 3; y++) {
      int64_t row = top + y * w->dilation_height;
      bool exists = row >= 0 && row < w->input_height;
      sources[y] = exists ? (struct source){image + (row * w->input_width + left) * channels, channels} : (struct source){d->padding, 0};
    }
  }
  const __m256i zero_point = _mm256_set1_epi32(d->input_zero_point);
  for (int64_t i = 0; i < swl_block_count(channels); i++) {
    struct block b = {.weights = d->weights + i * swl_block_size(w), .pairs = pairs, .channel = swl_block_channel(channels, i)};
    const __m256i *sums = (const __m256i *)(const void *)(b.weights + pairs * 2 * swl_block_width(channels));
    b.is_narrow = r->is_narrow && !r->residual;
    const __m256i *bias = (const __m256i *)(const void *)(b.is_narrow ? r->bias + b.channel : zeros);
    b.start.low = _mm256_sub_epi32(_mm256_loadu_si256(bias), _mm256_mullo_epi32(zero_point, _mm256_loadu_si256(sums)));
    b.start.high = _mm256_setzero_si256();
    if (is_wide) b.start.high = _mm256_sub_epi32(_mm256_loadu_si256(bias + 1), _mm256_mullo_epi32(zero_point, _mm256_loadu_si256(sums + 1)));
    struct swl_narrow_avx2 narrow = swl_narrow_avx2(r, b.channel, is_wide);
    if (inside < end) run_3x3(is_wide, is_signed, d, &narrow, &b, sources, inside, end, item * w->output_width);
    for (int64_t x = 0; x < w->output_width; x++) {
      if (x == inside) x = end;
      if (x == w->output_width) break;
      find_taps(w, d->input, d->padding, 1, item, x, taps);
      taps[taps_count] = d->padding;
      for (int64_t p = 0; p < pairs; p++) {
        struct swl_tap_pair pair = swl_tap_pair(w, p);
        ordered[2 * p] = taps[pair.first], ordered[2 * p + 1] = taps[pair.second];
      }
      struct pair total = sum_of_taps(is_wide, is_signed, &b, ordered);
      finish(is_wide, d, &narrow, &b, &total, item * w->output_width + x);
    }
  }
}

SWL_TARGET_AVX2 SWL_INLINE void sum_few(const struct swl_depthwise_q8 *d, const uint8_t *const *taps, int64_t tap_count, int32_t *sums) {
  sum_plainly(d, taps, tap_count, 0, sums);
}

#define KERNEL run_few_channels
#define TARGET SWL_TARGET_AVX2 static
#define SUM sum_few
#define REQUANTISE swl_requantise_row
#include "driver_q8.h"

SWL_TARGET_AVX2 void swl_depthwise_q8_16__avx2(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_depthwise_q8 *d = arguments;
  const bool is_signed = d->input_flip != 0;
  if (d->window.input_channels < 8) {
    run_few_channels(arguments, scratch, begin, end);
    return;
  }
  for (int64_t item = begin; item < end; item++) {
    if (d->window.input_channels >= 16) {
      if (is_signed) {
        run_row(true, true, d, scratch, item);
      } else {
        run_row(true, false, d, scratch, item);
      }
    } else if (is_signed) {
      run_row(false, true, d, scratch, item);
    } else {
      run_row(false, false, d, scratch, item);
    }
  }
}
#else
typedef int swl_not_x86;
#endif
