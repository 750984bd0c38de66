#include "../shared/kernels.h"
#include "../shared/targets.h"

#include "swl_elementwise.h"

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_lookup *a = arguments;
  (void)scratch;
  const uint8_t *table = a->table;
  const uint8_t *input = a->input;
  uint8_t *output = a->output;
  int64_t last = swl_minimum(end * SWL_CHUNK, a->count);
  for (int64_t i = begin * SWL_CHUNK; i < last; i++) output[i] = table[input[i]];
}

SWL_INSTANTIATE(swl_lookup, body)
