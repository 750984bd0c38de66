#include "blocks.h"
#include "depthwise_q8.h"
#include "parts.h"
#include "quads.h"

#define KERNEL swl_depthwise_q8__scalar
#define TARGET
#define SUM(d, taps, tap_count, sums) sum_plainly(d, taps, tap_count, 0, sums)
#define REQUANTISE swl_requantise_row
#include "driver_q8.h"

// Taps side by side in a multiplication: two, or four where windows allow it.
static bool is_blocked(const struct swl_kernel *kernel, const struct swl_window *w) { return kernel->depth >= 2 && w->input_channels >= 8; }
static bool is_quartered(const struct swl_kernel *kernel, const struct swl_window *w) { return kernel->depth == 4 && swl_has_quads(w); }

static bool is_divided(const struct swl_kernel *kernel, const struct swl_window *w) { return kernel->depth == 2 && swl_has_divided_quads(w); }

static int32_t sum_of(const int8_t *weights, int64_t taps) {
  int32_t sum = 0;
  for (int64_t tap = 0; tap < taps; tap++) sum += weights[tap];
  return sum;
}

static void pack_quads(const struct swl_window *w, const int8_t *weights, int8_t *packed) {
  const int64_t size = w->kernel_width, groups = swl_quad_groups(w), taps = size * size;
  memset(packed, 0, (size_t)swl_quads_size(w));
  for (int64_t i = 0; i < swl_quad_blocks(w->input_channels); i++) {
    const struct swl_quad_block block = swl_quad_block(w, i);
    for (int64_t c = 0; c < swl_minimum(block.width, w->input_channels - block.channel); c++) {
      const int8_t *from = weights + (block.channel + c) * taps;
      int8_t *to = packed + block.offset + 4 * swl_quad_place(block.width, c);
      for (int64_t tap = 0; tap < taps; tap++) {
        const int64_t row = tap / size, column = tap % size;
        to[(column * groups + row / 4) * block.width * 4 + row % 4] = from[tap];
      }
      const int32_t sum = sum_of(from, taps);
      memcpy(to + size * groups * block.width * 4, &sum, sizeof sum);
    }
  }
}

// As much of a weight as fits beside another, of whichever sign it has.
static int32_t fitting(int32_t weight, int32_t other) {
  const int32_t room = 128 - (weight < 0 ? -swl_minimum(other, 0) : swl_maximum(other, 0));
  return weight < 0 ? (int32_t)swl_maximum(weight, -room) : (int32_t)swl_minimum(weight, room);
}

// A column's weights as a quad. Gives whether all of the middle one fits.
static bool divide(const int8_t column[3], int8_t *quad) {
  const int32_t first = fitting(column[1], column[0]), rest = column[1] - first, second = fitting(rest, column[2]);
  quad[0] = column[0], quad[1] = (int8_t)first, quad[2] = column[2], quad[3] = (int8_t)second;
  return rest == second;
}

static void pack_divided(const struct swl_window *w, const int8_t *weights, struct swl_divided_block *packed) {
  memset(packed, 0, (size_t)swl_divided_blocks(w->input_channels) * sizeof *packed);
  for (int64_t i = 0; i < swl_divided_blocks(w->input_channels); i++, packed++) {
    const int8_t *const from = weights + swl_divided_channel(w->input_channels, i) * 9;
    struct swl_divided_block quads = {.is_divided = 1};
    for (int64_t c = 0; c < SWL_DIVIDED_WIDTH; c++) {
      const int64_t at = swl_quad_place(SWL_DIVIDED_WIDTH, c);
      packed->sums[at] = quads.sums[at] = sum_of(from + 9 * c, 9);
      for (int64_t x = 0; x < 3; x++) {
        const int8_t column[3] = {from[9 * c + x], from[9 * c + x + 3], from[9 * c + x + 6]};
        packed->weights.words[x].upper[2 * at] = column[0], packed->weights.words[x].upper[2 * at + 1] = column[1];
        packed->weights.words[x].lower[2 * at] = column[2];
        if (!divide(column, &quads.weights.quads[x][4 * at])) quads.is_divided = 0;
      }
    }
    if (quads.is_divided) *packed = quads;
  }
}

int64_t swl_depthwise_q8_items(const struct swl_kernel *kernel, const struct swl_window *w) {
  const int64_t rows = (int64_t)w->batch * w->output_height;
  if (kernel->depth == 2) return swl_column_items(w);
  return is_quartered(kernel, w) ? rows * swl_quad_blocks(w->input_channels) : rows;
}

int64_t swl_packed_depthwise_q8_size(const struct swl_kernel *kernel, const struct swl_window *w) {
  int64_t taps = (int64_t)w->kernel_height * w->kernel_width, channels = w->input_channels;
  if (is_quartered(kernel, w)) return swl_quads_size(w);
  if (is_divided(kernel, w)) return swl_divided_blocks(channels) * (int64_t)sizeof(struct swl_divided_block);
  if (!is_blocked(kernel, w)) return taps * channels * 2;
  return swl_block_count(channels) * swl_block_size(w) * 2;
}

void swl_pack_depthwise_q8(const struct swl_kernel *kernel, const struct swl_window *w, const int8_t *weights, int16_t *packed) {
  int64_t taps = (int64_t)w->kernel_height * w->kernel_width, channels = w->input_channels;
  if (is_quartered(kernel, w)) {
    pack_quads(w, weights, (int8_t *)packed);
    return;
  }
  if (is_divided(kernel, w)) {
    pack_divided(w, weights, (struct swl_divided_block *)(void *)packed);
    return;
  }
  if (!is_blocked(kernel, w)) {
    for (int64_t c = 0; c < channels; c++) {
      for (int64_t tap = 0; tap < taps; tap++) packed[tap * channels + c] = weights[c * taps + tap];
    }
    return;
  }
  const int64_t width = swl_block_width(channels), pairs = swl_tap_pairs(w);
  for (int64_t block = 0; block < swl_block_count(channels); block++) {
    int16_t *to = packed + block * swl_block_size(w);
    const int8_t *from = weights + swl_block_channel(channels, block) * taps;
    for (int64_t i = 0; i < pairs; i++) {
      struct swl_tap_pair pair = swl_tap_pair(w, i);
      for (int64_t c = 0; c < width; c++) {
        *to++ = from[c * taps + pair.first];
        *to++ = pair.second < taps ? from[c * taps + pair.second] : 0;
      }
    }
    for (int64_t c = 0; c < width; c++, to += 2) {
      const int32_t sum = sum_of(from + c * taps, taps);
      memcpy(to, &sum, sizeof sum);
    }
  }
}
