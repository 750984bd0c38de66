// Weights of depthwise convolutions in blocks of channels, two taps to a multiplication (vpmaddwd).
#ifndef SWL_DEPTHWISE_BLOCKS_H
#define SWL_DEPTHWISE_BLOCKS_H

#include "../shared/targets.h"
#include "swl_convolution.h"

struct swl_tap_pair {
  int64_t first, second; // second: the number of taps where the first stays alone
};

// A square kernel of 3 or 5 is read column by column: two rows at a time, then its last row alone.
SWL_INLINE bool swl_is_read_by_column(const struct swl_window *w) {
  return w->kernel_height == w->kernel_width && (w->kernel_width == 3 || w->kernel_width == 5) && w->dilation_width == 1 &&
         (w->stride_width == 1 || w->stride_width == 2);
}

SWL_INLINE struct swl_tap_pair swl_tap_pair(const struct swl_window *w, int64_t pair) {
  if (!swl_is_read_by_column(w)) return (struct swl_tap_pair){2 * pair, 2 * pair + 1};
  const int64_t size = w->kernel_width, pairs = size / 2 + 1, column = pair / pairs, row = pair % pairs * 2;
  return (struct swl_tap_pair){row * size + column, row + 1 < size ? (row + 1) * size + column : size * size};
}

SWL_INLINE int64_t swl_tap_pairs(const struct swl_window *w) {
  if (swl_is_read_by_column(w)) return w->kernel_width * (int64_t)(w->kernel_width / 2 + 1);
  return ((int64_t)w->kernel_height * w->kernel_width + 1) / 2;
}

// Output pixels whose taps' addresses are kept at a time.
SWL_INLINE int64_t swl_tap_pixels(const struct swl_window *w) {
  const int64_t fitting = 2048 / (2 * swl_tap_pairs(w));
  return fitting < 1 ? 1 : swl_minimum(fitting, 16);
}

// Rows of what is read by column of which a part of the first-level cache holds the input, where that many bytes of each pixel are read.
SWL_INLINE int64_t swl_cached_rows(const struct swl_window *w, int64_t pixel) {
  const int64_t fitting = 16384 / (pixel * w->input_width * w->stride_height);
  return fitting < 1 ? 1 : swl_minimum(fitting, (int64_t)w->batch * w->output_height);
}

// How many are computed block by block: as many as are held whole.
SWL_INLINE int64_t swl_strip_rows(const struct swl_window *w) { return swl_cached_rows(w, w->input_channels); }

// The same for blocks of so few channels that one reads no more than the cache lines that these lie in: strips are as tall as those lines allow, and
// what is prepared for a block serves as many rows.
SWL_INLINE int64_t swl_tall_strip_rows(const struct swl_window *w) { return swl_cached_rows(w, swl_minimum(w->input_channels, 64)); }

// Channels of the widest block whose words wait for their gates, a strip of them or some pixels.
#define SWL_WIDEST_BLOCK 32

// A thread's scratch: bytes of tap addresses and sums, then the elements whose words wait for their gates.
SWL_INLINE int64_t swl_taps_and_sums_size(const struct swl_window *w) {
  return ((2 * swl_tap_pairs(w) * swl_tap_pixels(w) + 2) * (int64_t)sizeof(void *) + (int64_t)w->output_channels * 4 + 256 + 63) / 64 * 64;
}
SWL_INLINE int64_t swl_gated_elements(const struct swl_window *w) {
  return (swl_is_read_by_column(w) ? swl_tall_strip_rows(w) * w->output_width : swl_tap_pixels(w)) * SWL_WIDEST_BLOCK;
}

// Channels of a block: 16 where there are as many, else 8; the last block is moved back so that it ends with the last channel.
// Fewer than 8 channels have no blocks.
SWL_INLINE int64_t swl_block_width(int64_t channels) { return channels >= 16 ? 16 : 8; }
SWL_INLINE int64_t swl_block_count(int64_t channels) { return (channels + swl_block_width(channels) - 1) / swl_block_width(channels); }
SWL_INLINE int64_t swl_block_channel(int64_t channels, int64_t block) {
  return swl_minimum(block * swl_block_width(channels), channels - swl_block_width(channels));
}
// Int16 elements of one block: its pairs of weights channel by channel, then the int32 sums of its channels' weights.
SWL_INLINE int64_t swl_block_size(const struct swl_window *w) { return swl_block_width(w->input_channels) * (swl_tap_pairs(w) * 2 + 2); }

#endif
