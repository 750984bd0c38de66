#include "../shared/kernels.h"
#include "binary.h"
#include "gate_avx2.h"

#define BUFFER 256

SWL_INLINE void dequantise(const uint8_t *input, int64_t stride, int64_t count, float scale, int32_t flip, int32_t zero_point, float *restrict output) {
  const int32_t offset = flip + zero_point;
  if (stride == 1) {
    for (int64_t i = 0; i < count; i++) output[i] = scale * (float)((int32_t)(input[i] ^ flip) - offset);
  } else {
    for (int64_t i = 0; i < count; i++) output[i] = scale * (float)((int32_t)(input[i * stride] ^ flip) - offset);
  }
}

// Real values to stored bytes.
SWL_INLINE void quantise(const struct swl_binary *a, const float *restrict value, int64_t count, uint8_t *restrict output) {
  const float scale = a->output_scale, lower = a->output_lower, upper = a->output_upper;
  const int32_t zero_point = a->output_zero_point;
  for (int64_t i = 0; i < count; i++) {
    float scaled = value[i] / scale;
    scaled = scaled != scaled ? 0.0f : scaled;
    output[i] = (uint8_t)(swl_round(swl_clamp(scaled, lower, upper)) + zero_point);
  }
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_binary *a = arguments;
  (void)scratch;
  const int32_t last = a->axes - 1;
  const int64_t left_stride = a->left_strides[last], right_stride = a->right_strides[last];
  float left[BUFFER], right[BUFFER], value[BUFFER];
  for (int64_t item = begin; item < end; item++) {
    struct swl_run run = swl_binary_run(a, item);
    for (int64_t first = 0; first < run.count; first += BUFFER) {
      int64_t count = swl_minimum(BUFFER, run.count - first);
      const uint8_t *left_bytes = (const uint8_t *)a->left + run.left + first * left_stride;
      const uint8_t *right_bytes = (const uint8_t *)a->right + run.right + first * right_stride;
      uint8_t *output = (uint8_t *)a->output + run.output + first;
      dequantise(left_bytes, left_stride, left_stride == 0 ? 1 : count, a->left_scale, a->left_flip, a->left_zero_point, left);
      dequantise(right_bytes, right_stride, right_stride == 0 ? 1 : count, a->right_scale, a->right_flip, a->right_zero_point, right);
      swl_binary_row(a->operation, left, left_stride != 0, right, right_stride != 0, value, count, a->lower, a->upper);
      quantise(a, value, count, output);
    }
  }
}

void swl_binary_q8__scalar(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  if (!swl_run_gate(NULL, arguments, begin, end)) body(arguments, scratch, begin, end);
}

#if defined(__x86_64__)
SWL_TARGET_AVX2 void swl_binary_q8__avx2(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  if (!swl_run_gate(swl_gate_block_avx2, arguments, begin, end)) body(arguments, scratch, begin, end);
}
#endif
