// What every kernel of the family includes: the gathering of windows into rows.
#ifndef SWL_CONVOLUTION_F32_H
#define SWL_CONVOLUTION_F32_H

#include "../shared/epilogue.h"
#include "../shared/kernels.h"
#include "../shared/window.h"
#include "../sequence/attention_parts.h"
#include "narrow.h"
#include "swl_matrix.h"

#define GATHER_NAME gather_rows
#define GATHER_SOURCE float
#define GATHER_ELEMENT float
#define GATHER_ARGUMENTS
#define GATHER_RUN(to, from, count) memcpy(to, from, (size_t)(count) * sizeof(float))
#define GATHER_CLEAR(to, count) memset(to, 0, (size_t)(count) * sizeof(float))
#include "gather.h"

// Packs columns column..<column + columns of a right-hand matrix into one panel, missing columns 0.
SWL_INLINE void pack_panel(const struct swl_matrix_product *p, const float *right, int64_t column, int64_t columns, float *restrict panel) {
  int64_t present = swl_minimum(columns, p->n - column);
  for (int64_t k = 0; k < p->k; k++) {
    for (int64_t i = 0; i < columns; i++) {
      panel[k * columns + i] = i < present ? (p->is_right_transposed ? right[(column + i) * p->k + k] : right[k * p->n + column + i]) : 0.0f;
    }
  }
}

#endif
