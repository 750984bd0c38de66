// What works element by element: a thread each.
#include "device.h"

extern "C" __global__ void swl_cuda_lookup(const struct swl_lookup a) {
  const int64_t i = swl_thread();
  if (i < a.count) a.output[i] = a.table[a.input[i]];
}

extern "C" __global__ void swl_cuda_quantise(const struct swl_conversion a) {
  const int64_t i = swl_thread();
  if (i < a.count) ((uint8_t *)a.output)[i] = swl_quantised(((const float *)a.input)[i], a.scale, a.lower, a.upper, a.zero_point);
}

SWL_DEVICE float swl_dequantised(const void *input, int64_t index, float scale, int32_t flip, int32_t zero_point) {
  return scale * (float)((int32_t)(((const uint8_t *)input)[index] ^ flip) - (flip + zero_point));
}

extern "C" __global__ void swl_cuda_dequantise(const struct swl_conversion a) {
  const int64_t i = swl_thread();
  if (i < a.count) ((float *)a.output)[i] = swl_dequantised(a.input, i, a.scale, a.flip, a.zero_point);
}

// The loader refuses functions whose last bits are a mathematical library's matter.
extern "C" __global__ void swl_cuda_unary_f32(const struct swl_unary a) {
  const int64_t i = swl_thread();
  if (i < a.count) swl_unary_row(a.function, a.alpha, a.beta, a.input + i, a.output + i, 1);
}

// Where one output element's operands lie; false behind the last one.
SWL_DEVICE bool swl_operands(const struct swl_binary *a, int64_t *left, int64_t *right) {
  int64_t rest = swl_thread();
  *left = *right = 0;
  for (int32_t axis = a->axes - 1; axis >= 0; axis--) {
    const int64_t next = rest / a->extents[axis], index = rest - next * a->extents[axis];
    *left += index * a->left_strides[axis];
    *right += index * a->right_strides[axis];
    rest = next;
  }
  return rest == 0;
}

SWL_DEVICE float swl_combined(const struct swl_binary *a, float x, float y) {
  float value = swl_from_bits(0x7FC00000u);
  switch ((enum swl_binary_operation)a->operation) {
  case SWL_ADD: value = x + y; break;
  case SWL_SUBTRACT: value = x - y; break;
  case SWL_MULTIPLY: value = x * y; break;
  case SWL_MINIMUM: value = x != x ? x : (y < x || y != y ? y : x); break;
  case SWL_MAXIMUM: value = x != x ? x : (y > x || y != y ? y : x); break;
  case SWL_DIVIDE: value = x / y; break;
  default: break; // powers have kernels of their own, library.cu's
  }
  return swl_clamp(value, a->lower, a->upper);
}

extern "C" __global__ void swl_cuda_binary_f32(const struct swl_binary a) {
  int64_t left, right;
  if (!swl_operands(&a, &left, &right)) return;
  ((float *)a.output)[swl_thread()] = swl_combined(&a, ((const float *)a.left)[left], ((const float *)a.right)[right]);
}

extern "C" __global__ void swl_cuda_binary_q8(const struct swl_binary a) {
  int64_t left, right;
  if (!swl_operands(&a, &left, &right)) return;
  const float x = swl_dequantised(a.left, left, a.left_scale, a.left_flip, a.left_zero_point);
  const float y = swl_dequantised(a.right, right, a.right_scale, a.right_flip, a.right_zero_point);
  ((uint8_t *)a.output)[swl_thread()] = swl_quantised(swl_combined(&a, x, y), a.output_scale, a.output_lower, a.output_upper, a.output_zero_point);
}
