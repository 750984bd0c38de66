#include "../shared/cast.h"
#include "../shared/kernels.h"

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_cast *a = arguments;
  (void)scratch;
  const int64_t size = swl_element_size(a->type), output_size = swl_element_size(a->output_type), last = swl_minimum(end * SWL_CHUNK, a->count);
  for (int64_t first = begin * SWL_CHUNK; first < last; first += SWL_LANES) {
    swl_cast_run(a->type, a->output_type, (const uint8_t *)a->input + first * size, (uint8_t *)a->output + first * output_size,
                 swl_minimum(SWL_LANES, last - first));
  }
}

SWL_INSTANTIATE(swl_cast, body)
