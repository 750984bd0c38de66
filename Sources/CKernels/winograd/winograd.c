#include "../shared/balance.h"
#include "winograd_q8.h"

// Transformed tiles of a block should stay in the second-level cache beside the panel that they meet.
#define BLOCK_BYTES 262144
#define LARGEST_BLOCK 64
// Fewer tiles don't make up for weights that are three and a half times as large.
#define FEWEST_TILES 24
// With fewer output channels, a last panel that is not full would be too large a part.
#define FEWEST_OUTPUTS 64

static int64_t tiles_of(const struct swl_window *w) { return (int64_t)w->batch * ((w->output_height + 1) / 2) * ((w->output_width + 1) / 2); }

bool swl_winograd_is_exact(const struct swl_window *w, int32_t groups, int64_t largest_sum) {
  return w->kernel_height == 3 && w->kernel_width == 3 && w->stride_height == 1 && w->stride_width == 1 && w->dilation_height == 1 && w->dilation_width == 1 &&
         groups == 1 && w->input_channels % 16 == 0 && largest_sum < INT32_MAX / 4;
}

bool swl_winograd_pays(enum swl_instruction_set set, const struct swl_window *w, int32_t groups, int64_t largest_sum) {
  return set == SWL_AVX2 && swl_winograd_is_exact(w, groups, largest_sum) && (w->output_channels % COLUMNS == 0 || w->output_channels >= FEWEST_OUTPUTS) &&
         tiles_of(w) >= FEWEST_TILES;
}

void swl_plan_winograd(const struct swl_window *w, int32_t threads, struct swl_winograd_blocking *b) {
  b->tiles = tiles_of(w);
  const int64_t fitting = BLOCK_BYTES / (PLACES * 2 * (int64_t)w->input_channels), largest = swl_maximum(swl_minimum(fitting, LARGEST_BLOCK) / 4 * 4, 4);
  // Every block reads all weights: heavy ones are divided among threads, and no block should be left with a few tiles.
  const bool are_heavy = swl_packed_winograd_q8_size(w) > SWL_HEAVY_BYTES && w->output_channels >= 2 * threads * COLUMNS;
  const bool shares_tiles = threads > 1 && !are_heavy;
  b->tiles_per_block = shares_tiles ? swl_balanced_block(b->tiles, 4, largest, threads) : swl_even_block(b->tiles, 4, largest);
  b->blocks = (b->tiles + b->tiles_per_block - 1) / b->tiles_per_block;
  b->panels = (w->output_channels + COLUMNS - 1) / COLUMNS;
  b->column_splits = 1;
  if (threads > 1 && b->blocks < 2 * threads) b->column_splits = swl_minimum(b->panels, (2 * threads + b->blocks - 1) / swl_maximum(b->blocks, 1));
  if (threads > 1 && are_heavy) b->column_splits = swl_maximum(b->column_splits, threads);
  b->panels_per_split = (b->panels + b->column_splits - 1) / b->column_splits;
  b->column_splits = (b->panels + b->panels_per_split - 1) / b->panels_per_split;
}

int64_t swl_winograd_items(const struct swl_winograd_blocking *b) { return b->blocks * b->column_splits; }

int64_t swl_winograd_scratch(const struct swl_window *w, const struct swl_winograd_blocking *b) {
  return PLACES * (tile_stride(w, b) * 2 + product_stride(b) * 4);
}

int64_t swl_packed_winograd_q8_size(const struct swl_window *w) {
  return (w->output_channels + COLUMNS - 1) / COLUMNS * COLUMNS * PLACES * (int64_t)w->input_channels * 2;
}

// One row of 2 G.
SWL_INLINE void transform(const int32_t from[3], int32_t to[4]) {
  to[0] = 2 * from[0];
  to[1] = from[0] + from[1] + from[2];
  to[2] = from[0] - from[1] + from[2];
  to[3] = 2 * from[2];
}

void swl_pack_winograd_q8(const struct swl_window *w, const int8_t *weights, int16_t *packed) {
  const int64_t inputs = w->input_channels;
  memset(packed, 0, (size_t)swl_packed_winograd_q8_size(w));
  for (int64_t o = 0; o < w->output_channels; o++) {
    int16_t *panel = packed + o / COLUMNS * COLUMNS * PLACES * inputs;
    for (int64_t c = 0; c < inputs; c++) {
      int32_t rows[3][4], columns[4][4];
      for (int y = 0; y < 3; y++) {
        const int8_t *from = weights + (o * 9 + 3 * y) * inputs + c;
        transform((int32_t[3]){from[0], from[inputs], from[2 * inputs]}, rows[y]);
      }
      for (int x = 0; x < 4; x++) transform((int32_t[3]){rows[0][x], rows[1][x], rows[2][x]}, columns[x]);
      for (int place = 0; place < PLACES; place++) {
        panel[((place * inputs + c / 2 * 2) * COLUMNS) + o % COLUMNS * 2 + c % 2] = (int16_t)columns[place % 4][place / 4];
      }
    }
  }
}
