#include "../shared/kernels.h"
#include "../shared/whole.h"

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_reduction *a = arguments;
  (void)scratch;
  const int64_t size = swl_element_size(a->type), chunks = (a->inner + SWL_REDUCTION_CHUNK - 1) / SWL_REDUCTION_CHUNK;
  const int64_t flip = a->type == SWL_UINT64 ? INT64_MIN : 0;
  const bool chooses = a->kind == SWL_REDUCE_MAXIMUM || a->kind == SWL_REDUCE_MINIMUM;
  for (int64_t item = begin; item < end; item++) {
    const int64_t outer = item / chunks, first = item % chunks * SWL_REDUCTION_CHUNK, count = swl_minimum(SWL_REDUCTION_CHUNK, a->inner - first);
    const uint8_t *input = (const uint8_t *)a->input + (outer * a->reduced * a->inner + first) * size;
    int64_t totals[SWL_REDUCTION_CHUNK], values[SWL_REDUCTION_CHUNK];
    for (int64_t i = 0; i < SWL_REDUCTION_CHUNK; i++) totals[i] = a->kind == SWL_PRODUCT;
    if (chooses) swl_load_whole(a->type, input, 1, count, totals);
    for (int64_t r = 0; r < a->reduced; r++) {
      swl_load_whole(a->type, input + r * a->inner * size, 1, count, values);
      swl_accumulate_whole(a->kind, flip, values, totals, count);
    }
    swl_finish_whole(a, totals, count);
    swl_store_whole(a->type, totals, count, (uint8_t *)a->output + (outer * a->inner + first) * size);
  }
}

SWL_INSTANTIATE(swl_reduction_whole, body)
