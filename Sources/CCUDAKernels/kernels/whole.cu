// Whole numbers, truth values, casts and choices: a thread an element of the output.
#include "device.h"

#include "../../CKernels/shared/cast.h"
#include "../../CKernels/shared/whole.h"

// Where one output element's operands lie, of which there may be three; false behind the last one.
SWL_DEVICE bool swl_broadcast_at(const struct swl_broadcast *a, int64_t *first, int64_t *second, int64_t *third) {
  int64_t rest = swl_thread();
  *first = *second = *third = 0;
  for (int32_t axis = a->axes - 1; axis >= 0; axis--) {
    const int64_t next = rest / a->extents[axis], index = rest - next * a->extents[axis];
    *first += index * a->first_strides[axis];
    *second += index * a->second_strides[axis];
    *third += index * a->third_strides[axis];
    rest = next;
  }
  return rest == 0;
}

extern "C" __global__ void swl_cuda_arithmetic(const struct swl_arithmetic a) {
  int64_t left, right, none;
  if (!swl_broadcast_at(&a.axes, &left, &right, &none)) return;
  const int64_t size = swl_element_size(a.type);
  const uint8_t *x = (const uint8_t *)a.left + left * size, *y = (const uint8_t *)a.right + right * size;
  uint8_t *output = (uint8_t *)a.output + swl_thread() * swl_element_size(a.output_type);
  if (a.type == SWL_FLOAT32) {
    swl_combine_floats(a.operation, (const float *)x, 1, (const float *)y, 1, output, 1);
    return;
  }
  int64_t u, v, value;
  swl_load_whole(a.type, x, 1, 1, &u);
  swl_load_whole(a.type, y, 1, 1, &v);
  swl_combine_whole(a.operation, a.type, &u, &v, &value, 1);
  swl_store_whole(a.output_type, &value, 1, output);
}

extern "C" __global__ void swl_cuda_mapping(const struct swl_mapping a) {
  const int64_t index = swl_thread();
  if (index >= a.count) return;
  const uint8_t *input = (const uint8_t *)a.input + index * swl_element_size(a.type);
  uint8_t *output = (uint8_t *)a.output + index * swl_element_size(a.output_type);
  if (a.type == SWL_FLOAT32) {
    swl_map_floats(a.function, (const float *)input, output, 1);
    return;
  }
  int64_t value;
  swl_load_whole(a.type, input, 1, 1, &value);
  swl_map_whole(a.function, a.type == SWL_UINT64, &value, 1);
  swl_store_whole(a.output_type, &value, 1, output);
}

extern "C" __global__ void swl_cuda_cast(const struct swl_cast a) {
  const int64_t index = swl_thread();
  if (index >= a.count) return;
  swl_cast_run(a.type, a.output_type, (const uint8_t *)a.input + index * swl_element_size(a.type),
               (uint8_t *)a.output + index * swl_element_size(a.output_type), 1);
}

#define SWL_SELECT(type)                                                                                               \
  ((type *)a.output)[swl_thread()] = a.condition[condition] ? ((const type *)a.on_true)[on_true] : ((const type *)a.on_false)[on_false]; \
  break

extern "C" __global__ void swl_cuda_select(const struct swl_select a) {
  int64_t condition, on_true, on_false;
  if (!swl_broadcast_at(&a.axes, &condition, &on_true, &on_false)) return;
  switch (a.element_size) {
  case 1: SWL_SELECT(uint8_t);
  case 2: SWL_SELECT(uint16_t);
  case 4: SWL_SELECT(uint32_t);
  default: SWL_SELECT(uint64_t);
  }
}

#undef SWL_SELECT

extern "C" __global__ void swl_cuda_reduction_whole(const struct swl_reduction a) {
  const int64_t index = swl_thread();
  if (index >= a.outer * a.inner) return;
  const int64_t size = swl_element_size(a.type), outer = index / a.inner, flip = a.type == SWL_UINT64 ? INT64_MIN : 0;
  const uint8_t *input = (const uint8_t *)a.input + (outer * a.reduced * a.inner + index - outer * a.inner) * size;
  int64_t total = a.kind == SWL_PRODUCT, value;
  if (a.kind == SWL_REDUCE_MAXIMUM || a.kind == SWL_REDUCE_MINIMUM) swl_load_whole(a.type, input, 1, 1, &total);
  for (int64_t r = 0; r < a.reduced; r++) {
    swl_load_whole(a.type, input + r * a.inner * size, 1, 1, &value);
    swl_accumulate_whole(a.kind, flip, &value, &total, 1);
  }
  swl_finish_whole(&a, &total, 1);
  swl_store_whole(a.type, &total, 1, (uint8_t *)a.output + index * size);
}
