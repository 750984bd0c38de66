#include "winograd_q8.h"

// One row of Bᵀ.
SWL_INLINE void transform(const int32_t from[4], int32_t to[4]) {
  to[0] = from[0] - from[2];
  to[1] = from[1] + from[2];
  to[2] = from[2] - from[1];
  to[3] = from[1] - from[3];
}

static void transform_tile(const struct swl_winograd_q8 *a, struct tile_place place, int64_t channel, int16_t *to, int64_t stride) {
  const struct swl_window *w = &a->window;
  int32_t rows[4][4], columns[4][4];
  for (int64_t y = 0; y < 4; y++) {
    int32_t values[4];
    for (int64_t x = 0; x < 4; x++) {
      int64_t row = place.y + y - w->pad_top, column = place.x + x - w->pad_left;
      bool exists = row >= 0 && row < w->input_height && column >= 0 && column < w->input_width;
      int64_t index = ((place.image * w->input_height + row) * w->input_width + column) * w->input_channels + channel;
      values[x] = exists ? (int32_t)(a->input[index] ^ a->input_flip) - a->input_flip - a->input_zero_point : 0;
    }
    transform(values, rows[y]);
  }
  for (int x = 0; x < 4; x++) transform((int32_t[4]){rows[0][x], rows[1][x], rows[2][x], rows[3][x]}, columns[x]);
  for (int p = 0; p < PLACES; p++) to[p * stride] = (int16_t)columns[p % 4][p / 4];
}

void swl_winograd_q8__scalar(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_winograd_q8 *a = arguments;
  const struct swl_window *w = &a->window;
  const struct swl_winograd_blocking *b = &a->blocking;
  const struct winograd_scratch s = winograd_scratch(w, b, scratch);
  const int64_t inputs = w->input_channels;
  for (int64_t item = begin; item < end; item++) {
    const int64_t first = item / b->column_splits * b->tiles_per_block, count = swl_minimum(b->tiles_per_block, b->tiles - first);
    const int64_t split = item % b->column_splits, last_channel = swl_minimum((split + 1) * b->panels_per_split * COLUMNS, w->output_channels);
    for (int64_t t = 0; t < count; t++) {
      for (int64_t c = 0; c < inputs; c++) transform_tile(a, place_of_tile(w, first + t), c, s.tiles + t * inputs + c, s.tile_stride);
    }
    for (int64_t t = 0; t < count; t++) {
      struct tile_place place = place_of_tile(w, first + t);
      for (int64_t o = split * b->panels_per_split * COLUMNS; o < last_channel; o++) {
        const int16_t *panel = a->weights + o / COLUMNS * COLUMNS * PLACES * inputs + o % COLUMNS * 2;
        uint32_t products[4][4];
        for (int64_t p = 0; p < PLACES; p++) {
          uint32_t sum = 0;
          for (int64_t c = 0; c < inputs; c++) {
            sum += (uint32_t)((int32_t)s.tiles[p * s.tile_stride + t * inputs + c] * panel[(p * inputs + c / 2 * 2) * COLUMNS + c % 2]);
          }
          products[p / 4][p % 4] = sum;
        }
        for (int64_t y = 0; y < 2 && place.y + y < w->output_height; y++) {
          for (int64_t x = 0; x < 2 && place.x + x < w->output_width; x++) {
            uint32_t sum = 0;
            for (int i = 0; i < 3; i++) {
              for (int j = 0; j < 3; j++) {
                const bool is_negative = (y == 1 && i > 0) != (x == 1 && j > 0);
                const uint32_t product = products[i + y][j + x];
                sum += is_negative ? 0 - product : product;
              }
            }
            // Four times the sum: a multiple of 4.
            int32_t exact = (int32_t)sum / 4;
            int64_t pixel = (place.image * w->output_height + place.y + y) * w->output_width + place.x + x;
            swl_requantise_row(&a->requantisation, &exact, o, 1, pixel * w->output_channels + o, a->output);
          }
        }
      }
    }
  }
}
