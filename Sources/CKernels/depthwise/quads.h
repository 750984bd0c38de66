// Weights of depthwise convolutions that are read column by column (see blocks.h), four rows of the kernel to a multiplication (vpdpbusd).
#ifndef SWL_DEPTHWISE_QUADS_H
#define SWL_DEPTHWISE_QUADS_H

#include "blocks.h"

// What a block of the next channels is wide, some of them missing.
SWL_INLINE int64_t swl_quad_width(int64_t channels) { return channels > 32 ? 64 : 32; }
// Fewer than 8 channels, and other windows, are left to pairs of taps.
SWL_INLINE bool swl_has_quads(const struct swl_window *w) { return w->input_channels >= 8 && swl_is_read_by_column(w); }

// Vectors of a column of the kernel: four for its first four rows, four for its last where it has five.
SWL_INLINE int64_t swl_quad_groups(const struct swl_window *w) { return (w->kernel_height + 3) / 4; }

// Interleaving four rows byte by byte leaves channels in this order: vector i has in each of its lanes of 16 bytes channels 4 i … 4 i + 3 of the
// lane's sixteen. Where channel `c` of a block of `width` stands among its 32-bit elements.
SWL_INLINE int64_t swl_quad_place(int64_t width, int64_t c) { return c % 16 / 4 * (width / 4) + c / 16 * 4 + c % 4; }

// Bytes of one block: for each column of the kernel and each of its groups of rows, four bytes a channel; then the channels' weight sums.
SWL_INLINE int64_t swl_quad_block_size(const struct swl_window *w, int64_t width) {
  return (w->kernel_width * swl_quad_groups(w) + 1) * width * 4;
}

// Blocks of 64 channels; of what is left, up to 32 make a narrow one.
struct swl_quad_block {
  int64_t channel, width, offset; // offset: bytes from the first block on
};
SWL_INLINE int64_t swl_quad_blocks(int64_t channels) { return (channels + 63) / 64; }
SWL_INLINE struct swl_quad_block swl_quad_block(const struct swl_window *w, int64_t index) {
  return (struct swl_quad_block){.channel = 64 * index, .width = swl_quad_width(w->input_channels - 64 * index), .offset = index * swl_quad_block_size(w, 64)};
}
SWL_INLINE int64_t swl_quads_size(const struct swl_window *w) {
  const struct swl_quad_block last = swl_quad_block(w, swl_quad_blocks(w->input_channels) - 1);
  return last.offset + swl_quad_block_size(w, last.width);
}

// Items are rows of blocks: of a strip of rows one block's after the other's. Where there are several strips, threads that share them take rows of
// their own, which they mostly wrote themselves in the step before; where the layer is one strip, they take blocks, channels of all its rows. A block
// is seldom divided.
struct swl_quad_items {
  int64_t block, first, last; // rows
};
// Those from `item` on, before `end`, that are of one block and one strip.
SWL_INLINE struct swl_quad_items swl_quad_items(const struct swl_window *w, int64_t item, int64_t end) {
  const int64_t rows = (int64_t)w->batch * w->output_height, blocks = swl_quad_blocks(w->input_channels), strip = swl_strip_rows(w);
  const int64_t top = item / (strip * blocks) * strip, height = swl_minimum(strip, rows - top);
  const int64_t place = item - top * blocks, first = place % height;
  return (struct swl_quad_items){
      .block = place / height, .first = top + first, .last = top + swl_minimum(first + end - item, height)};
}

// Without VNNI, kernels of 3×3 on 32 channels and more: of a column's three rows the middle one stands in a quad twice, in the second place and in the
// last. Its weight is divided between the two, so that no sum of two products saturates (vpmaddubsw: the weights of one sign in a sum add up to at most
// 128, and 255 × 128 < 2^15). Blocks of whose weights some don't fit so, as most trained ones have, take words instead: top and middle row in one
// product, the bottom row in another.
#define SWL_DIVIDED_WIDTH 32
struct swl_divided_block {
  int32_t sums[SWL_DIVIDED_WIDTH]; // of each channel's weights; channels by swl_quad_place, here and below
  int32_t is_divided, reserved[15];
  union { // by column of the kernel
    int8_t quads[3][4 * SWL_DIVIDED_WIDTH];
    struct {
      int16_t upper[2 * SWL_DIVIDED_WIDTH], lower[2 * SWL_DIVIDED_WIDTH]; // top and middle; bottom and 0
    } words[3];
  } weights;
};

SWL_INLINE bool swl_has_divided_quads(const struct swl_window *w) {
  // One pixel apart, no pixel may lie in the padding beside the image alone.
  const bool pads_little = w->stride_width == 2 || (w->pad_left < 3 && w->pad_right < 3);
  return swl_is_read_by_column(w) && w->kernel_width == 3 && pads_little && w->input_channels >= SWL_DIVIDED_WIDTH;
}
SWL_INLINE int64_t swl_divided_blocks(int64_t channels) { return (channels + SWL_DIVIDED_WIDTH - 1) / SWL_DIVIDED_WIDTH; }
// The last block is moved back so that it ends with the last channel.
SWL_INLINE int64_t swl_divided_channel(int64_t channels, int64_t block) { return swl_minimum(block * SWL_DIVIDED_WIDTH, channels - SWL_DIVIDED_WIDTH); }

#endif
