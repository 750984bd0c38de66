#include "../shared/kernels.h"
#include "../shared/whole.h"
#include "access.h"

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_scatter *a = arguments;
  (void)scratch;
  const int64_t inner = a->access.inner, size = a->element_size, chunks = (inner + SWL_CHUNK - 1) / SWL_CHUNK;
  for (int64_t item = begin; item < end; item++) {
    const int64_t batch = item / chunks, first = item % chunks * SWL_CHUNK, count = swl_minimum(SWL_CHUNK, inner - first);
    const int64_t start = batch * a->access.rows * inner + first;
    if (count == inner) {
      memmove(a->output + start * size, a->input + start * size, (size_t)(a->access.rows * inner * size));
    } else {
      for (int64_t row = 0; row < a->access.rows; row++) {
        memmove(a->output + (start + row * inner) * size, a->input + (start + row * inner) * size, (size_t)(count * size));
      }
    }
    uint64_t faults = 0;
    for (int64_t i = 0; i < a->access.count; i++) {
      uint64_t outside = 0;
      const int64_t row = swl_row_of(&a->access, batch, i, &outside);
      faults += outside;
      if (outside == 0) swl_scatter_run(a, a->updates + ((batch * a->access.count + i) * inner + first) * size, a->output + (start + row * inner) * size, count);
    }
    // Every chunk meets the same indices.
    if (first == 0) swl_count_faults(&a->access, faults);
  }
}

SWL_INSTANTIATE(swl_scatter, body)
