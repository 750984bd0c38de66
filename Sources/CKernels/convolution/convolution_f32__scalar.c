#include "convolution_f32.h"

#define COLUMNS 8
#define ROWS 1

SWL_INLINE void tile(int64_t rows, const float *a, int64_t stride, const float *panel, int64_t depth, float *sums) {
  for (int64_t row = 0; row < rows; row++) {
    float totals[COLUMNS] = {0};
    for (int64_t k = 0; k < depth; k++) {
      for (int64_t column = 0; column < COLUMNS; column++) totals[column] += a[row * stride + k] * panel[k * COLUMNS + column];
    }
    memcpy(sums + row * COLUMNS, totals, sizeof totals);
  }
}

// Of a transposed left side.
SWL_INLINE void tile_down(int64_t rows, const float *a, int64_t step, const float *panel, int64_t depth, float *sums) {
  for (int64_t row = 0; row < rows; row++) {
    float totals[COLUMNS] = {0};
    for (int64_t k = 0; k < depth; k++) {
      for (int64_t column = 0; column < COLUMNS; column++) totals[column] += a[k * step + row] * panel[k * COLUMNS + column];
    }
    memcpy(sums + row * COLUMNS, totals, sizeof totals);
  }
}

SWL_INLINE void products(const float *query, const float *keys, int64_t stride, int64_t size, float *ret) {
  for (int64_t row = 0; row < 4; row++) ret[row] = attention_product(query, keys + row * stride, size);
}

#define ATTENTION swl_attention_f32__scalar
#define ATTENTION_F16 swl_attention_f16__scalar
#define CONVOLUTION swl_convolution_f32__scalar
#define PRODUCT swl_matrix_product_f32__scalar
#define TARGET
#define TILE tile
#define PRODUCTS products
#define GATHER_FOUR attention_gather_four
#define WIDEN attention_widen
#define TILE_DOWN tile_down
#define FUSED(x, y, z) ((x) * (y) + (z))
#include "../sequence/attention_driver.h"
#include "driver_f32.h"

int64_t swl_matrix_product_scratch(const struct swl_kernel *kernel, int64_t k) { return k * kernel->columns * 4; }
