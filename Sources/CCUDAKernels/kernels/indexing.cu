// What data-dependent places, orders and running sums need.
#include "device.h"

#include "../../CKernels/shared/access.h"
#include "../../CKernels/shared/whole.h"

// A thread an element of the output, which goes through all updates in their order and takes those that are its own.
extern "C" __global__ void swl_cuda_scatter(const struct swl_scatter a) {
  const int64_t index = swl_thread(), inner = a.access.inner, item = index / inner, column = index - item * inner;
  const int64_t batch = item / a.access.rows, own = item - batch * a.access.rows;
  if (batch >= a.access.batch) return;
  uint8_t *output = a.output + index * a.element_size;
  memmove(output, a.input + index * a.element_size, (size_t)a.element_size);
  uint64_t faults = 0;
  for (int64_t i = 0; i < a.access.count; i++) {
    uint64_t outside = 0;
    const int64_t row = swl_row_of(&a.access, batch, i, &outside);
    faults += outside;
    if (outside != 0 || row != own) continue;
    swl_scatter_run(&a, a.updates + ((batch * a.access.count + i) * inner + column) * a.element_size, output, 1);
  }
  // Every thread of a batch meets the same indices.
  if (own == 0 && column == 0) swl_count_faults(a.access.faults, faults);
}

// A thread a column of the rows, for more updates than each element could look through; the output holds the input already.
extern "C" __global__ void swl_cuda_scatter__columns(const struct swl_scatter a) {
  const int64_t index = swl_thread(), inner = a.access.inner, batch = index / inner, column = index - batch * inner;
  if (batch >= a.access.batch) return;
  uint64_t faults = 0;
  for (int64_t i = 0; i < a.access.count; i++) {
    uint64_t outside = 0;
    const int64_t row = swl_row_of(&a.access, batch, i, &outside);
    faults += outside;
    if (outside != 0) continue;
    swl_scatter_run(&a, a.updates + ((batch * a.access.count + i) * inner + column) * a.element_size,
                    a.output + ((batch * a.access.rows + row) * inner + column) * a.element_size, 1);
  }
  if (column == 0) swl_count_faults(a.access.faults, faults);
}

// A place that was found, by its key.
struct swl_best {
  int64_t key, position;
};

SWL_DEVICE bool swl_is_better(const struct swl_arg_reduction *a, struct swl_best one, struct swl_best other) {
  if (one.key != other.key) return one.key > other.key;
  return a->takes_last ? one.position > other.position : one.position < other.position;
}

// Every step-th element from the first one on.
SWL_DEVICE struct swl_best swl_find_best(const struct swl_arg_reduction *a, int64_t index, int64_t first, int64_t step) {
  const int64_t size = swl_element_size(a->type), outer = index / a->inner;
  const uint8_t *input = (const uint8_t *)a->input + (outer * a->reduced * a->inner + index - outer * a->inner) * size;
  struct swl_best best = {INT64_MIN, 0};
  for (int64_t r = first; r < a->reduced; r += step) {
    struct swl_best found = {0, r};
    swl_load_keys(a->type, a->finds_least, input + r * a->inner * size, 1, 1, &found.key);
    if (swl_is_better(a, found, best)) best = found;
  }
  return best;
}

// A thread an output.
extern "C" __global__ void swl_cuda_arg_reduction(const struct swl_arg_reduction a) {
  const int64_t index = swl_thread();
  if (index < a.outer * a.inner) a.output[index] = swl_find_best(&a, index, 0, 1).position;
}

// A block of 128 an output.
extern "C" __global__ void swl_cuda_arg_reduction__block(const struct swl_arg_reduction a) {
  __shared__ struct swl_best found[128];
  const int32_t thread = threadIdx.x;
  found[thread] = swl_find_best(&a, blockIdx.x, thread, 128);
  for (int32_t half = 64; half > 0; half /= 2) {
    __syncthreads();
    if (thread < half && swl_is_better(&a, found[thread + half], found[thread])) found[thread] = found[thread + half];
  }
  if (thread == 0) a.output[blockIdx.x] = found[0].position;
}

// A thread an element of a row: its place among the best is the number of those that come before it.
extern "C" __global__ void swl_cuda_top_k(const struct swl_top_k a) {
  const int64_t index = swl_thread(), row = index / a.length, position = index - row * a.length, size = swl_element_size(a.type);
  if (row >= a.outer) return;
  const uint8_t *input = (const uint8_t *)a.input + row * a.length * size;
  int64_t own, before = 0;
  swl_load_keys(a.type, a.finds_least, input + position * size, 1, 1, &own);
  for (int64_t i = 0; i < a.length && before < a.count; i++) {
    int64_t key;
    swl_load_keys(a.type, a.finds_least, input + i * size, 1, 1, &key);
    before += key > own || (key == own && i < position);
  }
  if (before < a.count) a.output[row * a.count + before] = position;
}

// A thread a column; sums have one order.
extern "C" __global__ void swl_cuda_cumulative_sum(const struct swl_cumulative_sum a) {
  const int64_t index = swl_thread(), outer = index / a.inner;
  if (outer >= a.outer) return;
  const int64_t size = swl_element_size(a.type), start = outer * a.length * a.inner + index - outer * a.inner;
  double real = 0.0;
  int64_t whole = 0, value;
  for (int64_t step = 0; step < a.length; step++) {
    const int64_t at = start + (a.is_reversed ? a.length - 1 - step : step) * a.inner;
    if (a.type == SWL_FLOAT32) {
      const double after = real + (double)((const float *)a.input)[at];
      ((float *)a.output)[at] = (float)(a.is_exclusive ? real : after);
      real = after;
      continue;
    }
    swl_load_whole(a.type, (const uint8_t *)a.input + at * size, 1, 1, &value);
    const int64_t after = (int64_t)((uint64_t)whole + (uint64_t)value);
    const int64_t told = a.is_exclusive ? whole : after;
    swl_store_whole(a.type, &told, 1, (uint8_t *)a.output + at * size);
    whole = after;
  }
}
