#include "../shared/kernels.h"
#include "../shared/unary.h"

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_unary *a = arguments;
  (void)scratch;
  int64_t first = begin * SWL_CHUNK;
  int64_t count = swl_minimum(end * SWL_CHUNK, a->count) - first;
  swl_unary_row(a->function, a->alpha, a->beta, a->input + first, a->output + first, count);
}

SWL_INSTANTIATE(swl_unary_f32, body)
