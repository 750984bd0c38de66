// What reduces along an axis.
#include "device.h"

// What one thread found for an output. A minimum is the maximum of the complements.
struct swl_found {
  int32_t total, largest;
};

SWL_DEVICE int32_t swl_reduction_mask(const struct swl_reduction *a) { return a->flip ^ (a->kind == SWL_REDUCE_MINIMUM ? 0xFF : 0); }

// Every step-th element from the first one on.
SWL_DEVICE struct swl_found swl_reduce_bytes(const struct swl_reduction *a, int64_t index, int64_t first, int64_t step) {
  const int64_t outer = index / a->inner;
  const uint8_t *input = (const uint8_t *)a->input + outer * a->reduced * a->inner + (index - outer * a->inner);
  const int32_t flip = a->flip, offset = a->flip + a->input_zero_point, mask = swl_reduction_mask(a);
  struct swl_found found = {0, 0};
  for (int64_t r = first; r < a->reduced; r += step) {
    const int32_t byte = input[r * a->inner], value = byte ^ mask;
    found.total += (byte ^ flip) - offset;
    found.largest = value > found.largest ? value : found.largest;
  }
  return found;
}

SWL_DEVICE void swl_finish_reduction(const struct swl_reduction *a, struct swl_found found, int64_t index) {
  int32_t result = found.largest ^ swl_reduction_mask(a);
  if (a->kind == SWL_MEAN) result = swl_round(swl_clamp((float)found.total * a->factor, a->output_lower, a->output_upper)) + a->output_zero_point;
  ((uint8_t *)a->output)[index] = (uint8_t)result;
}

// A thread an output.
extern "C" __global__ void swl_cuda_reduction_q8(const struct swl_reduction a) {
  const int64_t index = swl_thread();
  if (index < a.outer * a.inner) swl_finish_reduction(&a, swl_reduce_bytes(&a, index, 0, 1), index);
}

// A block of 128 an output: sums and maxima of whole numbers are the same in every order.
extern "C" __global__ void swl_cuda_reduction_q8__block(const struct swl_reduction a) {
  __shared__ int32_t totals[128];
  __shared__ int32_t largest[128];
  const int32_t thread = threadIdx.x;
  struct swl_found own = swl_reduce_bytes(&a, blockIdx.x, thread, 128);
  totals[thread] = own.total;
  largest[thread] = own.largest;
  for (int32_t half = 64; half > 0; half /= 2) {
    __syncthreads();
    if (thread >= half) continue;
    totals[thread] += totals[thread + half];
    if (largest[thread + half] > largest[thread]) largest[thread] = largest[thread + half];
  }
  if (thread != 0) return;
  own.total = totals[0];
  own.largest = largest[0];
  swl_finish_reduction(&a, own, blockIdx.x);
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
  const float logarithm = a.is_logarithmic ? swl_library_logf(total) : 0.0f;
  for (int64_t i = thread; i < a.width; i += 128) {
    output[i] = a.is_logarithmic ? input[i] - largest - logarithm : swl_exp(input[i] - largest) / total;
  }
}

// One more element into a total, in double precision as on the CPU.
SWL_DEVICE double swl_accumulate(int32_t kind, double total, double x) {
  switch (kind) {
  case SWL_SUM_OF_SQUARES:
  case SWL_EUCLIDEAN_NORM: return total + x * x;
  case SWL_REDUCE_MAXIMUM: return x > total || x != x ? x : total;
  case SWL_REDUCE_MINIMUM: return x < total || x != x ? x : total;
  case SWL_PRODUCT: return total * x;
  case SWL_ABSOLUTE_SUM: return total + (x < 0.0 ? -x : x);
  default: return total + x;
  }
}

// A thread an output. What lies together is added up in eight lanes, which are added in their order; columns one element after the other.
extern "C" __global__ void swl_cuda_reduction_f32(const struct swl_reduction a) {
  const int64_t index = swl_thread();
  if (index >= a.outer * a.inner) return;
  const int64_t outer = index / a.inner;
  const float *input = (const float *)a.input + outer * a.reduced * a.inner + (index - outer * a.inner);
  const int32_t kind = a.kind, count = a.inner == 1 ? 8 : 1;
  const double start = kind == SWL_REDUCE_MAXIMUM ? -INFINITY : kind == SWL_REDUCE_MINIMUM ? INFINITY : kind == SWL_PRODUCT ? 1.0 : 0.0;
  // What two totals make together.
  const int32_t joint = kind == SWL_REDUCE_MAXIMUM || kind == SWL_REDUCE_MINIMUM || kind == SWL_PRODUCT ? kind : SWL_SUM;
  double total = start;
  for (int32_t lane = 0; lane < count; lane++) {
    double own = start;
    for (int64_t r = lane; r < a.reduced; r += count) own = swl_accumulate(kind, own, (double)input[r * a.inner]);
    total = lane == 0 ? own : swl_accumulate(joint, total, own);
  }
  float result = (float)total;
  if (kind == SWL_MEAN) result /= (float)a.reduced;
  if (kind == SWL_EUCLIDEAN_NORM) result = sqrtf(result);
  ((float *)a.output)[index] = result;
}
