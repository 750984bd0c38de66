#include "../shared/kernels.h"
#include "../shared/table_avx2.h"
#include "../shared/targets.h"

#include "swl_elementwise.h"

SWL_INLINE void look_up(const struct swl_lookup *a, int64_t first, int64_t last) {
  const uint8_t *table = a->table;
  const uint8_t *input = a->input;
  uint8_t *output = a->output;
  for (int64_t i = first; i < last; i++) output[i] = table[input[i]];
}

void swl_lookup__scalar(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_lookup *a = arguments;
  (void)scratch;
  look_up(a, begin * SWL_CHUNK, swl_minimum(end * SWL_CHUNK, a->count));
}

#if defined(__x86_64__)
SWL_TARGET_AVX2 void swl_lookup__avx2(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_lookup *a = arguments;
  (void)scratch;
  const int64_t first = begin * SWL_CHUNK, last = swl_minimum(end * SWL_CHUNK, a->count);
  struct swl_table_avx2 table;
  swl_prepare_table_avx2(&table, a->table);
  swl_look_up_run(&table, a->table, (const uint8_t *)a->input + first, (uint8_t *)a->output + first, last - first);
}
#endif
