#include "swl_heap.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>

int swl_heap_set_count(size_t count) {
  if (count == 0 || count > INT_MAX) return -EINVAL;
  return mallopt(M_ARENA_MAX, (int)count) == 1 ? 0 : -ENOTSUP;
}
