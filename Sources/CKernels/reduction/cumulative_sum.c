#include "../shared/elements.h"
#include "../shared/kernels.h"
#include "swl_reduction.h"

// Offset of the elements of step `step`.
SWL_INLINE int64_t row_of(const struct swl_cumulative_sum *a, int64_t step) { return (a->is_reversed ? a->length - 1 - step : step) * a->inner; }

SWL_INLINE void sum_floats(const struct swl_cumulative_sum *a, const float *input, float *output, int64_t count) {
  double totals[SWL_REDUCTION_CHUNK] = {0};
  for (int64_t step = 0; step < a->length; step++) {
    const int64_t row = row_of(a, step);
    for (int64_t i = 0; i < count; i++) {
      const double before = totals[i], after = before + (double)input[row + i];
      output[row + i] = (float)(a->is_exclusive ? before : after);
      totals[i] = after;
    }
  }
}

SWL_INLINE void sum_whole(const struct swl_cumulative_sum *a, const uint8_t *input, uint8_t *output, int64_t count) {
  const int64_t size = swl_element_size(a->type);
  int64_t totals[SWL_REDUCTION_CHUNK] = {0}, values[SWL_REDUCTION_CHUNK];
  for (int64_t step = 0; step < a->length; step++) {
    const int64_t row = row_of(a, step) * size;
    swl_load_whole(a->type, input + row, 1, count, values);
    if (a->is_exclusive) swl_store_whole(a->type, totals, count, output + row);
    for (int64_t i = 0; i < count; i++) totals[i] = (int64_t)((uint64_t)totals[i] + (uint64_t)values[i]);
    if (!a->is_exclusive) swl_store_whole(a->type, totals, count, output + row);
  }
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_cumulative_sum *a = arguments;
  (void)scratch;
  const int64_t size = swl_element_size(a->type), chunks = (a->inner + SWL_REDUCTION_CHUNK - 1) / SWL_REDUCTION_CHUNK;
  for (int64_t item = begin; item < end; item++) {
    const int64_t first = item % chunks * SWL_REDUCTION_CHUNK, count = swl_minimum(SWL_REDUCTION_CHUNK, a->inner - first);
    const int64_t start = item / chunks * a->length * a->inner + first;
    const uint8_t *input = (const uint8_t *)a->input + start * size;
    uint8_t *output = (uint8_t *)a->output + start * size;
    if (a->type == SWL_FLOAT32) {
      sum_floats(a, (const float *)input, (float *)output, count);
    } else {
      sum_whole(a, input, output, count);
    }
  }
}

SWL_INSTANTIATE(swl_cumulative_sum, body)
