#include "../shared/elements.h"
#include "../shared/kernels.h"
#include "swl_reduction.h"

// One contiguous run.
SWL_INLINE int64_t position_in_run(const struct swl_arg_reduction *a, const uint8_t *input, int64_t size) {
  int64_t best = INT64_MIN, position = 0;
  for (int64_t first = 0; first < a->reduced; first += SWL_LANES) {
    int64_t keys[SWL_LANES], count = swl_minimum(SWL_LANES, a->reduced - first);
    swl_load_keys(a->type, a->finds_least, input + first * size, 1, count, keys);
    for (int64_t i = 0; i < count; i++) {
      if (keys[i] > best || (a->takes_last && keys[i] == best)) best = keys[i], position = first + i;
    }
  }
  return position;
}

SWL_INLINE void positions_in_columns(const struct swl_arg_reduction *a, const uint8_t *input, int64_t size, int64_t *output, int64_t count) {
  int64_t best[SWL_REDUCTION_CHUNK], keys[SWL_REDUCTION_CHUNK];
  for (int64_t i = 0; i < count; i++) best[i] = INT64_MIN, output[i] = 0;
  for (int64_t r = 0; r < a->reduced; r++) {
    swl_load_keys(a->type, a->finds_least, input + r * a->inner * size, 1, count, keys);
    for (int64_t i = 0; i < count; i++) {
      if (keys[i] > best[i] || (a->takes_last && keys[i] == best[i])) best[i] = keys[i], output[i] = r;
    }
  }
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_arg_reduction *a = arguments;
  (void)scratch;
  const int64_t size = swl_element_size(a->type), chunks = (a->inner + SWL_REDUCTION_CHUNK - 1) / SWL_REDUCTION_CHUNK;
  for (int64_t item = begin; item < end; item++) {
    const int64_t outer = item / chunks, first = item % chunks * SWL_REDUCTION_CHUNK;
    const uint8_t *input = (const uint8_t *)a->input + (outer * a->reduced * a->inner + first) * size;
    int64_t *output = a->output + outer * a->inner + first;
    if (a->inner == 1) {
      output[0] = position_in_run(a, input, size);
    } else {
      positions_in_columns(a, input, size, output, swl_minimum(SWL_REDUCTION_CHUNK, a->inner - first));
    }
  }
}

SWL_INSTANTIATE(swl_arg_reduction, body)
