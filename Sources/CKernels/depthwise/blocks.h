// Weights of depthwise convolutions in blocks of channels, two taps to a multiplication (vpmaddwd).
#ifndef SWL_DEPTHWISE_BLOCKS_H
#define SWL_DEPTHWISE_BLOCKS_H

#include "../shared/targets.h"
#include "swl_convolution.h"

struct swl_tap_pair {
  int64_t first, second; // second: the number of taps where the first stays alone
};

// A 3×3 kernel pairs its two upper rows by column, so that a column's pair serves three output pixels, then the lower row's taps.
SWL_INLINE struct swl_tap_pair swl_tap_pair(const struct swl_window *w, int64_t pair) {
  if (w->kernel_height == 3 && w->kernel_width == 3) {
    static const struct swl_tap_pair pairs[] = {{0, 3}, {1, 4}, {2, 5}, {6, 7}, {8, 9}};
    return pairs[pair];
  }
  return (struct swl_tap_pair){2 * pair, 2 * pair + 1};
}

SWL_INLINE int64_t swl_tap_pairs(const struct swl_window *w) { return ((int64_t)w->kernel_height * w->kernel_width + 1) / 2; }

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
