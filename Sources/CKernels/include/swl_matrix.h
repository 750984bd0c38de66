// Matrix product of two computed float32 matrices.
#ifndef SWL_MATRIX_H
#define SWL_MATRIX_H

#include "swl_kernel.h"

// Items: batch × column panels of the kernel's `columns`.
struct swl_matrix_product {
  const float *left, *right;
  float *output;
  int64_t batch, m, n, k, left_batch_stride, right_batch_stride, panels;
  bool is_right_transposed;
};

// Scratch bytes that one thread needs: one packed panel.
int64_t swl_matrix_product_scratch(const struct swl_kernel *kernel, int64_t k);

#endif
