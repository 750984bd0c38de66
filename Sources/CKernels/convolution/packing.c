#include "../shared/targets.h"

#include "../depthwise/blocks.h"
#include "../shared/balance.h"
#include "narrow.h"
#include "paired.h"
#include "swl_convolution.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

// Kernels that multiply bytes, or words of either sign, find the sum of each column's weights behind the panel.
static bool has_sums(const struct swl_kernel *kernel, int64_t element_size) { return element_size == 1 && (kernel->depth == 4 || kernel->depth == 2); }

#if defined(__x86_64__)
static bool is_paired(const struct swl_kernel *kernel, int64_t element_size) { return element_size == 1 && kernel->depth == SWL_PAIRED_WINDOW; }

static int64_t paired_size(const struct swl_blocking *b) {
  return swl_paired_head_size(b) + b->groups * b->panels * swl_paired_panel_bound(b);
}

static int64_t pack_paired(const struct swl_kernel *kernel, const struct swl_blocking *b, const int8_t *weights, int8_t *packed) {
  uint32_t *begins = (uint32_t *)(void *)packed;
  int64_t used = swl_paired_head_size(b);
  *begins++ = (uint32_t)(used / 64);
  for (int64_t group = 0; group < b->groups; group++) {
    for (int64_t panel = 0; panel < b->panels; panel++) {
      const int64_t column = panel * kernel->columns;
      used += swl_pack_paired_panel(weights + (group * b->group_outputs + column) * b->depth, swl_minimum(kernel->columns, b->group_outputs - column), b,
                                    packed + used);
      *begins++ = (uint32_t)(used / 64);
    }
  }
  return used;
}
#else
static bool is_paired(const struct swl_kernel *kernel, int64_t element_size) { return (void)kernel, (void)element_size, false; }
static int64_t paired_size(const struct swl_blocking *b) { return (void)b, 0; }
static int64_t pack_paired(const struct swl_kernel *kernel, const struct swl_blocking *b, const int8_t *weights, int8_t *packed) {
  return (void)kernel, (void)b, (void)weights, (void)packed, 0;
}
#endif

// Integer kernels that gather bytes, or read them from strips.
static bool reads_bytes(const struct swl_kernel *kernel, int64_t element_size) {
  return element_size < 4 && (is_paired(kernel, 1) || kernel->instruction_set == SWL_AVX512_VNNI);
}

static int64_t panel_size(const struct swl_kernel *kernel, const struct swl_blocking *b, int64_t element_size) {
  return kernel->columns * b->padded_depth * element_size + (has_sums(kernel, element_size) ? kernel->columns * 4 : 0);
}

int64_t swl_packed_weights_size(const struct swl_kernel *kernel, const struct swl_blocking *b, int64_t element_size) {
  if (is_paired(kernel, element_size)) return paired_size(b);
  return b->groups * b->panels * panel_size(kernel, b, element_size);
}

#define PACK(type)                                                                                                     \
  int64_t columns = kernel->columns, run = kernel->depth, size = panel_size(kernel, b, sizeof(type)) / (int64_t)sizeof(type); \
  for (int64_t group = 0; group < b->groups; group++) {                                                                \
    for (int64_t column = 0; column < b->group_outputs; column++) {                                                    \
      type *panel = packed + (group * b->panels + column / columns) * size + column % columns * run;                   \
      const type *source = weights + (group * b->group_outputs + column) * b->depth;                                   \
      for (int64_t k = 0; k < b->depth; k++) panel[k / run * columns * run + k % run] = source[k];                     \
    }                                                                                                                  \
  }

// Panels of runs of `unit` depth elements, a constant at every call, each for all columns in turn, their sums behind them. In strips every run of a window
// is padded to whole ones.
SWL_INLINE void pack_units(const int64_t unit, const struct swl_kernel *kernel, const struct swl_blocking *b, const int8_t *weights, int8_t *packed) {
  const int64_t columns = kernel->columns, run = b->strip_pitch == 0 ? b->depth : b->strip_run, rest = run % unit;
  for (int64_t group = 0; group < b->groups; group++) {
    for (int64_t first = 0; first < b->group_outputs; first += columns) {
      const int64_t count = swl_minimum(columns, b->group_outputs - first);
      const int8_t *source = weights + (group * b->group_outputs + first) * b->depth;
      int8_t *to = packed + (group * b->panels + first / columns) * panel_size(kernel, b, 1), *const sums = to + columns * b->padded_depth;
      for (int64_t begin = 0; begin < b->depth; begin += run) {
        int64_t k = begin;
        for (; k < begin + run - rest; k += unit, to += unit * columns) {
          for (int64_t column = 0; column < count; column++) memcpy(to + unit * column, source + column * b->depth + k, (size_t)unit);
        }
        if (rest == 0) continue;
        for (int64_t column = 0; column < count; column++) memcpy(to + unit * column, source + column * b->depth + k, (size_t)rest);
        to += unit * columns;
      }
      for (int64_t column = 0; column < count; column++) {
        int32_t sum = 0;
        for (int64_t k = 0; k < b->depth; k++) sum += source[column * b->depth + k];
        memcpy(sums + 4 * column, &sum, sizeof sum);
      }
    }
  }
}

int64_t swl_pack_weights_q8(const struct swl_kernel *kernel, const struct swl_blocking *b, const int8_t *weights, int8_t *packed) {
  if (is_paired(kernel, 1)) return pack_paired(kernel, b, weights, packed);
  const int64_t byte_count = swl_packed_weights_size(kernel, b, 1);
  memset(packed, 0, (size_t)byte_count);
  if (has_sums(kernel, 1)) {
    if (kernel->depth == 4) {
      pack_units(4, kernel, b, weights, packed);
    } else {
      pack_units(2, kernel, b, weights, packed);
    }
    return byte_count;
  }
  PACK(int8_t)
  return byte_count;
}

void swl_pack_weights_f32(const struct swl_kernel *kernel, const struct swl_blocking *b, const float *weights, float *packed) {
  memset(packed, 0, (size_t)swl_packed_weights_size(kernel, b, 4));
  PACK(float)
}

int64_t swl_packed_narrow_size(const struct swl_kernel *kernel, const struct swl_blocking *b, const struct swl_narrow_weights *n) {
  return b->groups * b->panels * swl_narrow_panel_size(n, b->depth, kernel->columns);
}

void swl_pack_narrow_weights(const struct swl_kernel *kernel, const struct swl_blocking *b, const struct swl_narrow_weights *n, const uint8_t *weights,
                             const float *scales, uint8_t *packed) {
  const int64_t columns = kernel->columns, groups = swl_narrow_groups(n, b->depth), size = swl_narrow_panel_size(n, b->depth, columns);
  const int64_t row = n->bits == 8 ? b->depth : (b->depth + 1) / 2;
  memset(packed, 0, (size_t)swl_packed_narrow_size(kernel, b, n));
  for (int64_t channel = 0; channel < b->groups * b->group_outputs; channel++) {
    const int64_t group = channel / b->group_outputs, column = channel % b->group_outputs;
    uint8_t *panel = packed + (group * b->panels + column / columns) * size + column % columns * 4, *bytes = panel + groups * columns * 4 - column % columns * 3;
    for (int64_t g = 0; g < groups; g++) memcpy(panel + g * columns * 4, &scales[channel * groups + g], 4);
    for (int64_t k = 0; k < row; k++) bytes[k * columns] = weights[channel * row + k];
  }
}

int64_t swl_expanded_panel_size(const struct swl_kernel *kernel, const struct swl_blocking *b) { return (b->depth + 1) / 2 * 2 * kernel->columns * 4 + 64; }

// A block of rows should stay in the second-level cache beside the panel it meets.
#define BLOCK_BYTES 98304
#define LARGEST_BLOCK 384

// Bytes of the lines that a block of output pixels reads. Pixels may begin anywhere in an output line.
static int64_t strip_size(const struct swl_window *w, int64_t pitch, int64_t rows) {
  const int64_t lines = swl_minimum((rows + w->output_width - 2) / w->output_width + 1, w->output_height);
  return ((lines - 1) * w->stride_height + w->kernel_height) * pitch;
}

// The most pixels, in whole tiles, whose lines fit a block.
static int64_t strip_rows(const struct swl_kernel *kernel, const struct swl_window *w, int64_t pitch) {
  int64_t rows = LARGEST_BLOCK / kernel->rows * kernel->rows;
  while (rows > 0 && strip_size(w, pitch, rows) > BLOCK_BYTES) rows -= kernel->rows;
  return rows;
}

// Strips serve kernels that bring bytes into order as they read them, and windows of several taps that touch; not where more would
// be copied than by gathering window after window, nor images of a few pixels, each of which is a strip and its tiles of its own. Gives the most pixels of a block, or 0 without strips.
static int64_t plan_strips(const struct swl_kernel *kernel, const struct swl_window *w, struct swl_blocking *b) {
  const int64_t pixels = (int64_t)w->output_height * w->output_width;
  if (b->groups != 1 || w->dilation_height != 1 || w->dilation_width != 1 || w->kernel_height * w->kernel_width == 1) return 0;
  if (pixels == 0 || (w->batch > 1 && pixels < kernel->rows)) return 0;
  const int64_t run = (int64_t)w->kernel_width * w->input_channels;
  const int64_t pitch = ((int64_t)(w->output_width - 1) * w->stride_width + w->kernel_width) * w->input_channels;
  const int64_t rows = swl_minimum(strip_rows(kernel, w, pitch), (b->rows + kernel->rows - 1) / kernel->rows * kernel->rows);
  if (rows == 0 || strip_size(w, pitch, rows) * ((b->rows + rows - 1) / rows) > b->rows * b->depth) return 0;
  b->strip_run = run, b->strip_pitch = pitch;
  b->padded_depth = (run + 3) / 4 * 4 * w->kernel_height;
  return rows;
}

void swl_plan_blocking(const struct swl_kernel *kernel, int64_t element_size, int32_t threads, const struct swl_window *w, struct swl_blocking *b) {
  b->padded_depth = (b->depth + 7) / 8 * 8;
  b->strip_run = b->strip_pitch = b->strip_size = 0;
  // Integer kernels are planned for the widest element that any of them gathers; these gather bytes.
  const bool bytes = reads_bytes(kernel, element_size);
  const int64_t step = kernel->rows;
  int64_t largest = bytes ? plan_strips(kernel, w, b) : 0;
  if (largest == 0) {
    const int64_t row_size = swl_maximum(b->padded_depth * (bytes ? 1 : element_size), 1);
    largest = swl_minimum(LARGEST_BLOCK, BLOCK_BYTES / row_size) / step * step;
    largest = swl_maximum(swl_minimum(largest, (b->rows + step - 1) / step * step), step);
  }
  // Panels are divided among threads, not rows, where weights are heavy or there are a few pixels, or, of pointwise layers as they stand beside depthwise
  // ones, some that whole tiles divide unevenly.
  const int64_t few = swl_maximum(2 * threads * step, is_paired(kernel, 1) && element_size < 4 && b->depth == b->group_inputs ? SWL_FEW_PIXELS : 0);
  const bool are_heavy = b->depth * b->group_outputs * (element_size < 4 ? 1 : 4) > SWL_HEAVY_BYTES, are_few = b->rows <= few;
  const bool divides_panels = (are_heavy || are_few) && b->group_outputs >= 2 * threads * kernel->columns;
  const int64_t rows = threads > 1 && !divides_panels ? swl_balanced_block(b->rows, step, largest, threads) : swl_even_block(b->rows, step, largest);
  b->rows_per_block = rows;
  if (b->strip_pitch > 0) b->strip_size = strip_size(w, b->strip_pitch, rows);
  b->row_blocks = (b->rows + rows - 1) / rows;
  b->panels = (b->group_outputs + kernel->columns - 1) / kernel->columns;
  b->column_splits = 1;
  int64_t items = b->row_blocks * b->groups;
  if (threads > 1 && items < 2 * threads) b->column_splits = swl_minimum(b->panels, 2 * threads / items);
  b->panels_per_split = (b->panels + b->column_splits - 1) / b->column_splits;
  if (threads > 1 && items == 1 && element_size < 4) b->panels_per_split = swl_even_part(b->panels, b->panels_per_split, threads);
  b->column_splits = (b->panels + b->panels_per_split - 1) / b->panels_per_split;
}

int64_t swl_blocking_items(const struct swl_blocking *b) { return b->groups * b->row_blocks * b->column_splits; }

int64_t swl_convolution_scratch(const struct swl_kernel *kernel, const struct swl_blocking *b, int64_t element_size) {
  // An offset for every pixel, and what may be read behind the last line.
  if (b->strip_pitch > 0) return (b->rows_per_block * 4 + 63) / 64 * 64 + b->strip_size + 64;
  const int64_t gathered = reads_bytes(kernel, element_size) ? 1 : element_size;
  return swl_gathered_size(b, kernel->rows, kernel->columns, gathered);
}

int64_t swl_rounded_scratch(const struct swl_kernel *kernel, const struct swl_blocking *b, bool is_pointwise, int32_t planes) {
  const int64_t sums = kernel->rows * kernel->columns * 4, levels = (b->rows_per_block + 7) / 8 * 8 * 8;
  // Elements of the widest kernel have two bytes.
  const int64_t bytes = (b->rows_per_block * planes * b->padded_depth * 2 + 127) / 64 * 64;
  return sums + levels + bytes + (is_pointwise ? 0 : b->rows_per_block * b->padded_depth * 4 + 64);
}

void swl_rounded_offsets(const int8_t *weights, const float *scales, int64_t outputs, int64_t depth, float *offsets) {
  for (int64_t o = 0; o < outputs; o++) {
    int64_t sum = 0;
    for (int64_t k = 0; k < depth; k++) sum += weights[o * depth + k];
    offsets[o] = scales[o] * (float)sum;
  }
}

int64_t swl_depthwise_scratch(const struct swl_window *w) { return swl_taps_and_sums_size(w) + 2 * swl_gated_elements(w); }

static int64_t magnitude_of(const int8_t *weights, int64_t count) {
  int64_t total = 0, k = 0;
#if defined(__x86_64__)
  __m128i sums = _mm_setzero_si128();
  for (; k + 16 <= count; k += 16) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(weights + k)), sign = _mm_cmpgt_epi8(_mm_setzero_si128(), bytes);
    sums = _mm_add_epi64(sums, _mm_sad_epu8(_mm_sub_epi8(_mm_xor_si128(bytes, sign), sign), _mm_setzero_si128()));
  }
  total = _mm_cvtsi128_si64(_mm_add_epi64(sums, _mm_unpackhi_epi64(sums, sums)));
#endif
  // Parts whose sums fit 16 bits, which vectors hold more of.
  while (k < count) {
    const int64_t end = swl_minimum(k + 256, count);
    uint16_t sum = 0;
    for (; k < end; k++) sum = (uint16_t)(sum + (weights[k] < 0 ? -weights[k] : weights[k]));
    total += sum;
  }
  return total;
}

void swl_weight_magnitudes(const int8_t *weights, int64_t outputs, int64_t depth, int64_t *magnitudes) {
  for (int64_t o = 0; o < outputs; o++) magnitudes[o] = magnitude_of(weights + o * depth, depth);
}

static int64_t largest_sum_of(int64_t magnitude, int32_t bias, int32_t largest_input) {
  const int64_t offset = bias;
  return magnitude * largest_input + (offset < 0 ? -offset : offset);
}

int64_t swl_largest_sum(const int64_t *magnitudes, const int32_t *bias, int64_t outputs, int32_t largest_input) {
  int64_t largest = 0;
  for (int64_t o = 0; o < outputs; o++) largest = swl_maximum(largest, largest_sum_of(magnitudes[o], bias[o], largest_input));
  return largest;
}

void swl_mark_narrow(struct swl_requantisation *r, int64_t channels, const int64_t *magnitudes, int32_t largest_input) {
  double largest = 0;
  for (int64_t c = 0; c < channels; c++) {
    const double product = (double)r->multipliers[c] * (double)largest_sum_of(magnitudes[c], r->bias[c], largest_input);
    const double magnitude = product < 0 ? -product : product;
    largest = magnitude > largest ? magnitude : largest;
  }
  double lower = (double)r->middle_lower + r->middle_zero_point, upper = (double)r->middle_upper + r->middle_zero_point;
  r->middle_flip = lower < 0 ? 0x80 : 0;
  // Half of 2^31: the product is rounded to float32.
  r->is_narrow = largest < 1073741824.0 && lower <= upper && lower + r->middle_flip >= 0 && upper + r->middle_flip <= 255;
}
