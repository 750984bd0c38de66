// What reduces along an axis.
#include "device.h"

// A thread an output. A minimum is the maximum of the complements.
extern "C" __global__ void swl_cuda_reduction_q8(const struct swl_reduction a) {
  const int64_t index = swl_thread();
  if (index >= a.outer * a.inner) return;
  const int64_t outer = index / a.inner;
  const uint8_t *input = (const uint8_t *)a.input + outer * a.reduced * a.inner + (index - outer * a.inner);
  const int32_t flip = a.flip, offset = a.flip + a.input_zero_point, mask = a.flip ^ (a.kind == SWL_REDUCE_MINIMUM ? 0xFF : 0);
  int32_t total = 0, largest = 0;
  for (int64_t r = 0; r < a.reduced; r++) {
    const int32_t byte = input[r * a.inner], value = byte ^ mask;
    total += (byte ^ flip) - offset;
    largest = value > largest ? value : largest;
  }
  int32_t result = largest ^ mask;
  if (a.kind == SWL_MEAN) result = swl_round(swl_clamp((float)total * a.factor, a.output_lower, a.output_upper)) + a.output_zero_point;
  ((uint8_t *)a.output)[index] = (uint8_t)result;
}

#define SWL_SOFTMAX_RUN 64

// The sum of one run's terms in the CPU's order: eight lanes apart, then together.
SWL_DEVICE float swl_sum_run(const float *values, int64_t count, float largest) {
  float lanes[8] = {};
  for (int64_t first = 0; first < count; first += 8) {
    for (int32_t lane = 0; lane < 8; lane++) {
      if (first + lane < count) lanes[lane] += swl_exp(values[first + lane] - largest);
    }
  }
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

// A block of 128 a row: threads take runs of 64, and the first one adds up what they found in order.
extern "C" __global__ void swl_cuda_softmax_f32(const struct swl_softmax a) {
  __shared__ float found[128];
  __shared__ float result;
  const int32_t thread = threadIdx.x;
  const float *input = a.input + (int64_t)blockIdx.x * a.width;
  float *output = a.output + (int64_t)blockIdx.x * a.width;
  float own = -INFINITY;
  for (int64_t i = thread; i < a.width; i += 128) own = input[i] > own ? input[i] : own;
  found[thread] = own;
  __syncthreads();
  if (thread == 0) {
    for (int32_t i = 1; i < 128; i++) own = found[i] > own ? found[i] : own;
    result = own;
  }
  __syncthreads();
  const float largest = result;
  float total = 0.0f;
  for (int64_t first = 0; first < a.width; first += 128 * SWL_SOFTMAX_RUN) {
    const int64_t start = first + thread * SWL_SOFTMAX_RUN;
    __syncthreads();
    if (start < a.width) found[thread] = swl_sum_run(input + start, swl_minimum(SWL_SOFTMAX_RUN, a.width - start), largest);
    __syncthreads();
    if (thread == 0) {
      for (int64_t i = 0; i < 128 && first + i * SWL_SOFTMAX_RUN < a.width; i++) total += found[i];
    }
  }
  if (thread == 0) result = total;
  __syncthreads();
  total = result;
  for (int64_t i = thread; i < a.width; i += 128) output[i] = swl_exp(input[i] - largest) / total;
}
