// Items of depthwise kernels that read a window column by column, without VNNI.
#ifndef SWL_DEPTHWISE_PARTS_H
#define SWL_DEPTHWISE_PARTS_H

#include "../shared/balance.h"
#include "quads.h"

// With fewer channels there are too few blocks to divide.
#define SWL_FEWEST_CHANNELS 256

SWL_INLINE int64_t swl_column_width(const struct swl_window *w) {
  return swl_has_divided_quads(w) ? SWL_DIVIDED_WIDTH : swl_block_width(w->input_channels);
}

// Items are rows; but where an image has a few pixels and many channels, blocks of channels, as convolutions divide columns there (swl_plan_blocking):
// threads then read what they wrote themselves in the step before, and blocks are divided more evenly than a few rows. A last block that was moved back goes with the one that it overlaps.
SWL_INLINE bool swl_divides_blocks(const struct swl_window *w) {
  const int64_t pixels = (int64_t)w->batch * w->input_height * w->input_width;
  return swl_is_read_by_column(w) && w->input_channels >= SWL_FEWEST_CHANNELS && pixels <= SWL_FEW_PIXELS &&
         swl_tall_strip_rows(w) == (int64_t)w->batch * w->output_height;
}
SWL_INLINE int64_t swl_column_items(const struct swl_window *w) {
  return swl_divides_blocks(w) ? w->input_channels / swl_column_width(w) : (int64_t)w->batch * w->output_height;
}

struct swl_column_part {
  int64_t first_row, last_row, first_block, last_block;
};

SWL_INLINE struct swl_column_part swl_column_part(const struct swl_window *w, int64_t begin, int64_t end) {
  const int64_t width = swl_column_width(w), blocks = (w->input_channels + width - 1) / width;
  if (!swl_divides_blocks(w)) return (struct swl_column_part){.first_row = begin, .last_row = end, .last_block = blocks};
  const int64_t last = end == swl_column_items(w) ? blocks : end;
  return (struct swl_column_part){.last_row = (int64_t)w->batch * w->output_height, .first_block = begin, .last_block = last};
}

#endif
