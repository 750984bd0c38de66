#include "winograd_q8.h"

// Bᵀ and Aᵀ; the latter's columns are multiplied by 24 over what the rows of G are.
static const int32_t inputs_2[4][6] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}};
static const int32_t inputs_4[6][6] = {{4, 0, -5, 0, 1, 0}, {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                                       {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
static const int32_t outputs_2[2][6] = {{1, 1, 1, 0}, {0, 1, -1, -1}};
static const int32_t outputs_4[4][6] = {{6, -4, -4, 1, 1, 0}, {0, -4, 4, 2, -2, 0}, {0, -4, -4, 4, 4, 0}, {0, -4, 4, 8, -8, 24}};

static void transform_tile(const struct swl_winograd_q8 *a, struct tile_place place, int64_t channel, int16_t *to, int64_t stride) {
  const struct swl_window *w = &a->window;
  const int32_t side = a->blocking.size + 2, (*matrix)[6] = a->blocking.size == 4 ? inputs_4 : inputs_2;
  int32_t values[6][6], rows[6][6];
  for (int64_t y = 0; y < side; y++) {
    for (int64_t x = 0; x < side; x++) {
      int64_t row = place.y + y - w->pad_top, column = place.x + x - w->pad_left;
      bool exists = row >= 0 && row < w->input_height && column >= 0 && column < w->input_width;
      int64_t index = ((place.image * w->input_height + row) * w->input_width + column) * w->input_channels + channel;
      values[y][x] = exists ? (int32_t)(a->input[index] ^ a->input_flip) - a->input_flip - a->input_zero_point : 0;
    }
  }
  for (int y = 0; y < side; y++) {
    for (int x = 0; x < side; x++) {
      rows[y][x] = 0;
      for (int k = 0; k < side; k++) rows[y][x] += matrix[y][k] * values[k][x];
    }
  }
  for (int y = 0; y < side; y++) {
    for (int x = 0; x < side; x++) {
      int32_t sum = 0;
      for (int k = 0; k < side; k++) sum += matrix[x][k] * rows[y][k];
      to[(side * y + x) * stride] = (int16_t)sum;
    }
  }
}

// The sum of output pixel (y, x) of a tile.
static int32_t sum_at(int32_t size, const uint32_t products[6][6], int64_t y, int64_t x) {
  const int32_t side = size + 2, (*matrix)[6] = size == 4 ? outputs_4 : outputs_2;
  uint32_t sum = 0;
  for (int i = 0; i < side; i++) {
    for (int j = 0; j < side; j++) sum += (uint32_t)(matrix[y][i] * matrix[x][j]) * products[i][j];
  }
  // A multiple of 4, or of 576.
  return size == 4 ? (int32_t)(sum * WINOGRAD_NINTH) / 64 : (int32_t)sum / 4;
}

void swl_winograd_q8__scalar(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_winograd_q8 *a = arguments;
  const struct swl_window *w = &a->window;
  const struct swl_winograd_blocking *b = &a->blocking;
  const struct winograd_scratch s = winograd_scratch(w, b, scratch);
  const int64_t inputs = w->input_channels, side = b->size + 2, places = winograd_places(b->size);
  for (int64_t item = begin; item < end; item++) {
    const int64_t first = item / b->column_splits * b->tiles_per_block, count = swl_minimum(b->tiles_per_block, b->tiles - first);
    const int64_t split = item % b->column_splits, last_channel = swl_minimum((split + 1) * b->panels_per_split * COLUMNS, w->output_channels);
    for (int64_t t = 0; t < count; t++) {
      for (int64_t c = 0; c < inputs; c++) transform_tile(a, place_of_tile(w, b->size, first + t), c, s.tiles + t * inputs + c, s.tile_stride);
    }
    for (int64_t t = 0; t < count; t++) {
      struct tile_place place = place_of_tile(w, b->size, first + t);
      for (int64_t o = split * b->panels_per_split * COLUMNS; o < last_channel; o++) {
        const int16_t *panel = a->weights + o / COLUMNS * COLUMNS * places * inputs + o % COLUMNS * 2;
        uint32_t products[6][6];
        for (int64_t p = 0; p < places; p++) {
          uint32_t sum = 0;
          for (int64_t c = 0; c < inputs; c++) {
            sum += (uint32_t)((int32_t)s.tiles[p * s.tile_stride + t * inputs + c] * panel[(p * inputs + c / 2 * 2) * COLUMNS + c % 2]);
          }
          products[p / side][p % side] = sum;
        }
        for (int64_t y = 0; y < b->size && place.y + y < w->output_height; y++) {
          for (int64_t x = 0; x < b->size && place.x + x < w->output_width; x++) {
            const int32_t exact = sum_at(b->size, products, y, x);
            int64_t pixel = (place.image * w->output_height + place.y + y) * w->output_width + place.x + x;
            swl_requantise_row(&a->requantisation, &exact, o, 1, pixel * w->output_channels + o, a->output);
          }
        }
      }
    }
  }
}
