// Run-time coordinates.
#ifndef SWL_SHARED_ACCESS_H
#define SWL_SHARED_ACCESS_H

#include "swl_whole.h"
#include "targets.h"

// The row that coordinates name, the nearest where they lie outside; adds the number of those outside to *faults.
SWL_INLINE int64_t swl_row_of(const struct swl_access *a, int64_t batch, int64_t position, uint64_t *faults) {
  const int64_t first = ((a->shares_indices ? 0 : batch) * a->count + position) * a->coordinates;
  int64_t row = 0;
  for (int32_t i = 0; i < a->coordinates; i++) {
    const int64_t extent = a->extents[i];
    int64_t index = a->index_size == 8 ? ((const int64_t *)a->indices)[first + i] : ((const int32_t *)a->indices)[first + i];
    index += index < 0 ? extent : 0;
    const int64_t bounded = index < 0 ? 0 : index >= extent ? extent - 1 : index;
    *faults += bounded != index;
    row += bounded * a->steps[i];
  }
  return row;
}

#endif
