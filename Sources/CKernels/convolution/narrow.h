// Panels of narrow weights: see swl_pack_narrow_weights.
#ifndef SWL_NARROW_H
#define SWL_NARROW_H

#include "../shared/targets.h"
#include "swl_convolution.h"

// Bytes of a block's gathered rows and of one tile's sums.
SWL_INLINE int64_t swl_gathered_size(const struct swl_blocking *b, int64_t rows, int64_t columns, int64_t element_size) {
  return b->rows_per_block * b->padded_depth * element_size + rows * columns * 4 + 128;
}

SWL_INLINE int64_t swl_narrow_groups(const struct swl_narrow_weights *n, int64_t depth) { return n->bits == 0 ? 0 : (depth + n->group - 1) / n->group; }

SWL_INLINE int64_t swl_narrow_panel_size(const struct swl_narrow_weights *n, int64_t depth, int64_t columns) {
  return swl_narrow_groups(n, depth) * columns * 4 + (n->bits == 8 ? depth : (depth + 1) / 2) * columns;
}

// One panel as float32, depth by depth. `columns` is a constant at every call.
SWL_INLINE void swl_expand_panel(const struct swl_narrow_weights *n, int64_t depth, const int64_t columns, const uint8_t *restrict panel,
                                 float *restrict expanded) {
  const int64_t groups = swl_narrow_groups(n, depth);
  const float *scales = (const float *)(const void *)panel;
  const uint8_t *weights = panel + groups * columns * 4;
  for (int64_t group = 0; group < groups; group++, scales += columns) {
    const int64_t first = group * n->group, last = swl_minimum(first + n->group, depth);
    if (n->bits == 8) {
      for (int64_t k = first; k < last; k++) {
        const int8_t *row = (const int8_t *)weights + k * columns;
        for (int64_t i = 0; i < columns; i++) expanded[k * columns + i] = (float)row[i] * scales[i];
      }
      continue;
    }
    // Groups are even, so that they begin with a byte; the panel has room for what the last one holds beyond the depth.
    for (int64_t k = first; k < last; k += 2) {
      const uint8_t *row = weights + k / 2 * columns;
      for (int64_t i = 0; i < columns; i++) expanded[k * columns + i] = (float)((row[i] & 15) - 8) * scales[i];
      for (int64_t i = 0; i < columns; i++) expanded[(k + 1) * columns + i] = (float)((row[i] >> 4) - 8) * scales[i];
    }
  }
}

// sums[columns] = one row a[depth] · the panel, which is multiplied as it is expanded: what a product of one row costs is reading weights.
// `columns` is a constant at every call.
SWL_INLINE void swl_narrow_row(const struct swl_narrow_weights *n, int64_t depth, const int64_t columns, const uint8_t *restrict panel,
                               const float *restrict a, float *restrict sums) {
  const int64_t groups = swl_narrow_groups(n, depth);
  const float *scales = (const float *)(const void *)panel;
  const uint8_t *weights = panel + groups * columns * 4;
  float total[16] = {0};
  for (int64_t group = 0; group < groups; group++, scales += columns) {
    const int64_t first = group * n->group, last = swl_minimum(first + n->group, depth);
    // Two sums, since each addition waits for the one before it.
    float even[16] = {0}, odd[16] = {0};
    int64_t k = first;
    if (n->bits == 8) {
      for (; k + 2 <= last; k += 2) {
        const int8_t *row = (const int8_t *)weights + k * columns;
        for (int64_t i = 0; i < columns; i++) even[i] += a[k] * (float)row[i];
        for (int64_t i = 0; i < columns; i++) odd[i] += a[k + 1] * (float)row[columns + i];
      }
      if (k < last) {
        for (int64_t i = 0; i < columns; i++) even[i] += a[k] * (float)((const int8_t *)weights)[k * columns + i];
      }
    } else {
      for (; k < last; k += 2) {
        const uint8_t *row = weights + k / 2 * columns;
        const float next = k + 1 < depth ? a[k + 1] : 0;
        for (int64_t i = 0; i < columns; i++) even[i] += a[k] * (float)((row[i] & 15) - 8);
        for (int64_t i = 0; i < columns; i++) odd[i] += next * (float)((row[i] >> 4) - 8);
      }
    }
    for (int64_t i = 0; i < columns; i++) total[i] += (even[i] + odd[i]) * scales[i];
  }
  for (int64_t i = 0; i < columns; i++) sums[i] = total[i];
}

#endif
