#include "../shared/kernels.h"
#include "../shared/whole.h"

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_mapping *a = arguments;
  (void)scratch;
  const int64_t size = swl_element_size(a->type), output_size = swl_element_size(a->output_type);
  const int64_t last = swl_minimum(end * SWL_CHUNK, a->count);
  if (a->type == SWL_FLOAT32) {
    const int64_t first = begin * SWL_CHUNK;
    swl_map_floats(a->function, (const float *)a->input + first, (uint8_t *)a->output + first, last - first);
    return;
  }
  for (int64_t first = begin * SWL_CHUNK; first < last; first += SWL_LANES) {
    int64_t lanes[SWL_LANES], count = swl_minimum(SWL_LANES, last - first);
    swl_load_whole(a->type, (const uint8_t *)a->input + first * size, 1, count, lanes);
    swl_map_whole(a->function, a->type == SWL_UINT64, lanes, count);
    swl_store_whole(a->output_type, lanes, count, (uint8_t *)a->output + first * output_size);
  }
}

SWL_INSTANTIATE(swl_mapping, body)
