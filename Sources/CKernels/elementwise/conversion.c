// quantise and dequantise.
#include "../shared/kernels.h"
#include "../shared/targets.h"

#include "swl_elementwise.h"

SWL_INLINE void quantise(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_conversion *a = arguments;
  (void)scratch;
  const float *restrict input = a->input;
  uint8_t *restrict output = a->output;
  const float scale = a->scale, lower = a->lower, upper = a->upper;
  const int32_t zero_point = a->zero_point;
  int64_t last = swl_minimum(end * SWL_CHUNK, a->count);
  for (int64_t i = begin * SWL_CHUNK; i < last; i++) output[i] = swl_quantised(input[i], scale, lower, upper, zero_point);
}

SWL_INLINE void dequantise(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_conversion *a = arguments;
  (void)scratch;
  const uint8_t *restrict input = a->input;
  float *restrict output = a->output;
  const float scale = a->scale;
  const int32_t flip = a->flip, offset = a->flip + a->zero_point;
  int64_t last = swl_minimum(end * SWL_CHUNK, a->count);
  for (int64_t i = begin * SWL_CHUNK; i < last; i++) output[i] = scale * (float)((int32_t)(input[i] ^ flip) - offset);
}

SWL_INSTANTIATE(swl_quantise, quantise)
SWL_INSTANTIATE(swl_dequantise, dequantise)
