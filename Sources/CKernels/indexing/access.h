// Run-time coordinates, and the count of those outside.
#ifndef SWL_INDEXING_ACCESS_H
#define SWL_INDEXING_ACCESS_H

#include "../shared/access.h"

// Threads meet here.
SWL_INLINE void swl_count_faults(const struct swl_access *a, uint64_t faults) {
  if (faults != 0) __atomic_fetch_add(a->faults, faults, __ATOMIC_RELAXED);
}

#endif
