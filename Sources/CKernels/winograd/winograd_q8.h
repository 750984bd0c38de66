// What the kernels of the family share: where tiles lie, and the walk over blocks of tiles and panels.
#ifndef SWL_WINOGRAD_Q8_H
#define SWL_WINOGRAD_Q8_H

#include "../shared/epilogue.h"
#include "../shared/kernels.h"
#include "swl_winograd.h"

#define COLUMNS 16 // output channels of a panel
#define AHEAD 32   // weights of a line of 64 bytes

// Of a transformed tile.
SWL_INLINE int64_t winograd_places(int32_t size) { return (int64_t)(size + 2) * (size + 2); }

// 576 times a sum, or as many times as the powers of two taken from it leave: 9 × 0x38E38E39 is 1 modulo 2^32.
#define WINOGRAD_NINTH 0x38E38E39

struct tile_place {
  int64_t image, y, x; // of its first output pixel
};

SWL_INLINE struct tile_place place_of_tile(const struct swl_window *w, const int32_t size, int64_t tile) {
  const int64_t across = (w->output_width + size - 1) / size, down = (w->output_height + size - 1) / size;
  return (struct tile_place){.image = tile / (across * down), .y = tile / across % down * size, .x = tile % across * size};
}

// A thread's scratch: the block's transformed tiles [place][tile][channel], and their products with one panel, or two, [place][tile][column].
// Places lie a cache line more than their size apart: at multiples of 4 KiB, which the sizes mostly are, one tile's sixteen places
// would drive each other from the first-level cache.
struct winograd_scratch {
  int64_t tile_stride, product_stride; // elements from one place to the next
  int16_t *tiles;
  int32_t *products;
};

SWL_INLINE int64_t tile_stride(const struct swl_window *w, const struct swl_winograd_blocking *b) { return b->tiles_per_block * w->input_channels + 32; }
SWL_INLINE int64_t product_stride(const struct swl_winograd_blocking *b) { return b->tiles_per_block * (b->size == 4 ? 2 : 1) * COLUMNS + 16; }

SWL_INLINE struct winograd_scratch winograd_scratch(const struct swl_window *w, const struct swl_winograd_blocking *b, void *scratch) {
  struct winograd_scratch s = {.tile_stride = tile_stride(w, b), .product_stride = product_stride(b), .tiles = scratch};
  s.products = (int32_t *)(void *)(s.tiles + winograd_places(b->size) * s.tile_stride);
  return s;
}

#endif
