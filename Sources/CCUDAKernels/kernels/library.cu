// What the device's mathematical library decides: results may differ from the CPU's in their last bits, and so nothing else calls it.
#include "device.h"

#include <math.h>

// Powers by whole numbers and their halves that a float holds exactly are just these, as they are on the CPU: the library might miss a whole
// number by a unit, and what is rounded or cut off behind it would be another one.
SWL_DEVICE float swl_power_of(float x, float y) {
  const bool is_whole = y == truncf(y);
  if ((is_whole || (x > 0.0f && 2.0f * y == truncf(2.0f * y))) && fabsf(y) <= 8388608.0f) {
    double power = 1.0, factor = is_whole ? (double)x : sqrt((double)x);
    for (int32_t rest = (int32_t)fabsf(is_whole ? y : 2.0f * y); rest > 0; rest /= 2, factor *= factor) {
      if (rest % 2 == 1) power *= factor;
    }
    if (y < 0.0f) power = 1.0 / power;
    if ((double)(float)power == power) return (float)power;
  }
  return powf(x, y);
}

#define SWL_POWER_OF_FLOATS swl_power_of
#include "../../CKernels/shared/library.h"

// A function by itself, or what follows a convolution that has one: output = clamp(function(input) + residual).
extern "C" __global__ void swl_cuda_library_f32(const struct swl_cuda_library_f32 a) {
  const int64_t i = swl_thread();
  if (i >= a.count) return;
  const float value = swl_library((enum swl_unary_function)a.function, a.alpha, a.beta, a.input[i]);
  a.output[i] = a.is_bounded ? swl_clamp(a.residual ? value + a.residual[i] : value, a.lower, a.upper) : value;
}

extern "C" __global__ void swl_cuda_power_f32(const struct swl_binary a) {
  int64_t left, right;
  if (!swl_operands(&a, &left, &right)) return;
  ((float *)a.output)[swl_thread()] = swl_clamp(swl_power_of(((const float *)a.left)[left], ((const float *)a.right)[right]), a.lower, a.upper);
}

extern "C" __global__ void swl_cuda_power_q8(const struct swl_binary a) {
  int64_t left, right;
  if (!swl_operands(&a, &left, &right)) return;
  const float x = swl_dequantised(a.left, left, a.left_scale, a.left_flip, a.left_zero_point);
  const float y = swl_dequantised(a.right, right, a.right_scale, a.right_flip, a.right_zero_point);
  const float value = swl_clamp(swl_power_of(x, y), a.lower, a.upper);
  ((uint8_t *)a.output)[swl_thread()] = swl_quantised(value, a.output_scale, a.output_lower, a.output_upper, a.output_zero_point);
}

// A thread an output; as the CPU's.
extern "C" __global__ void swl_cuda_log_sum_exp_f32(const struct swl_reduction a) {
  const int64_t index = swl_thread();
  if (index >= a.outer * a.inner) return;
  const int64_t outer = index / a.inner;
  const float *input = (const float *)a.input + outer * a.reduced * a.inner + (index - outer * a.inner);
  float greatest = -INFINITY;
  for (int64_t r = 0; r < a.reduced; r++) {
    const float x = input[r * a.inner];
    greatest = x > greatest || x != x ? x : greatest;
  }
  double total = 0.0;
  for (int64_t r = 0; r < a.reduced; r++) total += exp((double)input[r * a.inner] - (double)greatest);
  ((float *)a.output)[index] = greatest - greatest == 0.0f ? (float)((double)greatest + log(total)) : greatest;
}
