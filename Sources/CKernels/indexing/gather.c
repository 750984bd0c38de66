#include "../shared/kernels.h"
#include "access.h"

#define SINGLE(type)                                                                                                   \
  ((type *)a->output)[item] = ((const type *)a->input)[source];                                                        \
  break

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_gather *a = arguments;
  (void)scratch;
  const int64_t size = a->access.inner * a->element_size;
  uint64_t faults = 0;
  for (int64_t item = begin; item < end; item++) {
    const int64_t batch = item / a->access.count;
    const int64_t source = batch * a->access.rows + swl_row_of(&a->access, batch, item % a->access.count, &faults);
    if (a->access.inner != 1) {
      memmove(a->output + item * size, a->input + source * size, (size_t)size);
      continue;
    }
    switch (a->element_size) {
    case 1: SINGLE(uint8_t);
    case 2: SINGLE(uint16_t);
    case 4: SINGLE(uint32_t);
    default: SINGLE(uint64_t);
    }
  }
  swl_count_faults(&a->access, faults);
}

SWL_INSTANTIATE(swl_gather, body)
