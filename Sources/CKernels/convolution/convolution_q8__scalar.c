#include "convolution_q8.h"

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
