#include "../shared/balance.h"
#include "winograd_q8.h"

// Transformed tiles of a block should stay in the second-level cache beside the panel that they meet.
#define BLOCK_BYTES 262144
#define LARGE_BLOCK_BYTES 131072
#define LARGEST_BLOCK 64
// Fewer tiles don't make up for weights that are three and a half, or eight, times as large.
#define FEWEST_TILES 16
#define FEWEST_LARGE_TILES 16
// With fewer output channels, a last panel that is not full would be too large a part.
#define FEWEST_OUTPUTS 64

static int64_t tiles_of(const struct swl_window *w, int32_t size) {
  return (int64_t)w->batch * ((w->output_height + size - 1) / size) * ((w->output_width + size - 1) / size);
}

bool swl_winograd_is_exact(const struct swl_window *w, int32_t size, int32_t groups, int64_t largest_sum) {
  return w->kernel_height == 3 && w->kernel_width == 3 && w->stride_height == 1 && w->stride_width == 1 && w->dilation_height == 1 && w->dilation_width == 1 &&
         groups == 1 && w->input_channels % 16 == 0 && largest_sum < INT32_MAX / (size == 4 ? 64 : 4);
}

// Where bytes are multiplied four at a time, 36 products of words cost what 72 of bytes do, 144 of which are spared: that pays for the
// transforms of enough channels, and while weights come from a near cache.
static bool large_tiles_pay(enum swl_instruction_set set, const struct swl_window *w) {
  const int64_t tiles = tiles_of(w, 4), pixels = (int64_t)w->batch * w->output_height * w->output_width, bytes = swl_packed_winograd_q8_size(w, 4);
  if (tiles < FEWEST_LARGE_TILES || 4 * pixels < 3 * 16 * tiles) return false;
  if (set == SWL_AVX512_VNNI) return bytes <= 3 << 19 && w->input_channels >= 32;
  // The small processors have caches to match.
  return bytes <= (set == SWL_NEON ? 3 << 19 : 5 << 20);
}

int32_t swl_winograd_size(enum swl_instruction_set set, const struct swl_window *w, int32_t groups, int64_t largest_sum) {
  if (set != SWL_AVX2 && set != SWL_AVX512_VNNI && set != SWL_NEON) return 0;
  if (w->output_channels % COLUMNS != 0 && w->output_channels < FEWEST_OUTPUTS) return 0;
  if (swl_winograd_is_exact(w, 4, groups, largest_sum) && large_tiles_pay(set, w)) return 4;
  return set == SWL_AVX2 && swl_winograd_is_exact(w, 2, groups, largest_sum) && tiles_of(w, 2) >= FEWEST_TILES ? 2 : 0;
}

void swl_plan_winograd(const struct swl_window *w, int32_t size, int32_t threads, struct swl_winograd_blocking *b) {
  b->size = size;
  b->tiles = tiles_of(w, size);
  const int64_t fitting = (size == 4 ? LARGE_BLOCK_BYTES : BLOCK_BYTES) / (winograd_places(size) * 2 * (int64_t)w->input_channels);
  const int64_t largest = swl_maximum(swl_minimum(fitting, LARGEST_BLOCK) / 4 * 4, size == 4 ? 16 : 4);
  // Every block reads all weights: heavy ones are divided among threads, and no block should be left with a few tiles.
  const bool are_heavy = swl_packed_winograd_q8_size(w, size) > SWL_HEAVY_BYTES && w->output_channels >= 2 * threads * COLUMNS;
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
  return winograd_places(b->size) * (tile_stride(w, b) * 2 + product_stride(b) * 4);
}

int64_t swl_packed_winograd_q8_size(const struct swl_window *w, int32_t size) {
  return (w->output_channels + COLUMNS - 1) / COLUMNS * COLUMNS * winograd_places(size) * (int64_t)w->input_channels * 2;
}

// A panel's columns, of two input channels.
#define LANES (2 * COLUMNS)

// One row of 2 G, or of the other G with its rows multiplied; `stride` elements from one of the row's numbers to the next.
SWL_INLINE void transform(int32_t size, const int16_t *from, int64_t stride, int16_t *to, int64_t to_stride) {
  for (int i = 0; i < LANES; i++) {
    const int32_t a = from[i], b = from[stride + i], c = from[2 * stride + i];
    const int32_t outer = a + c, far = a + 4 * c, scale = size == 2 ? 2 : 1;
    to[i] = (int16_t)(scale * a);
    to[to_stride + i] = (int16_t)(outer + b);
    to[2 * to_stride + i] = (int16_t)(outer - b);
    if (size == 4) {
      to[3 * to_stride + i] = (int16_t)(far + 2 * b);
      to[4 * to_stride + i] = (int16_t)(far - 2 * b);
    }
    to[(size + 1) * to_stride + i] = (int16_t)(scale * c);
  }
}

void swl_pack_winograd_q8(const struct swl_window *w, int32_t size, const int8_t *weights, int16_t *packed) {
  const int64_t inputs = w->input_channels, side = size + 2, places = winograd_places(size);
  for (int64_t first = 0; first < w->output_channels; first += COLUMNS) {
    const int64_t columns = swl_minimum(COLUMNS, w->output_channels - first);
    int16_t *panel = packed + first * places * inputs;
    for (int64_t c = 0; c < inputs; c += 2) {
      // By tap, by column, the two channels side by side; missing columns are 0.
      int16_t taps[9][LANES] = {{0}}, rows[3][6][LANES], places_of_row[6][LANES];
      for (int64_t o = 0; o < columns; o++) {
        const int8_t *from = weights + (first + o) * 9 * inputs + c;
        for (int tap = 0; tap < 9; tap++) taps[tap][2 * o] = from[tap * inputs], taps[tap][2 * o + 1] = from[tap * inputs + 1];
      }
      for (int y = 0; y < 3; y++) transform(size, taps[3 * y], LANES, rows[y][0], LANES);
      for (int64_t x = 0; x < side; x++) {
        transform(size, rows[0][x], 6 * LANES, places_of_row[0], LANES);
        for (int64_t y = 0; y < side; y++) memcpy(panel + ((y * side + x) * inputs + c) * COLUMNS, places_of_row[y], sizeof places_of_row[y]);
      }
    }
  }
}
