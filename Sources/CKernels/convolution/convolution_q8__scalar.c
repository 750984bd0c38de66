#include "convolution_q8.h"
#include "rounding.h"

#define COLUMNS 4
#define ROWS 1

SWL_INLINE void tile(const struct swl_convolution_q8 *c, int64_t rows, const int16_t *a, int64_t stride, const int8_t *panel, int64_t depth, int32_t *sums) {
  (void)c;
  for (int64_t row = 0; row < rows; row++) {
    int32_t totals[COLUMNS] = {0};
    for (int64_t k = 0; k < depth; k++) {
      for (int64_t column = 0; column < COLUMNS; column++) totals[column] += (int32_t)a[row * stride + k] * panel[k * COLUMNS + column];
    }
    memcpy(sums + row * COLUMNS, totals, sizeof totals);
  }
}

#define KERNEL swl_convolution_q8__scalar
#define TARGET
#define ELEMENT int16_t
#define GATHER gather_as_words
#define PANEL_SIZE SWL_PANEL_SIZE
#define TILE tile
#define REQUANTISE swl_requantise_row
#include "driver_q8.h"

// Without an offset the tile's sums are those of the levels themselves. Two rows, for the two bytes of one element.
static const struct swl_convolution_q8 plain_bytes = {0};

#define ROUNDED swl_convolution_rounded__scalar
#define TARGET
#define ROWS 2
#define COLUMNS 4
#define ELEMENT int16_t
#define LEVEL(level) ((int16_t)(level))
#define PANEL_BYTES SWL_PANEL_SIZE
#define LEVEL_TILE(rows, a, stride, panel, depth, sums) tile(&plain_bytes, rows, a, stride, panel, depth, sums)
#include "driver_rounded.h"
