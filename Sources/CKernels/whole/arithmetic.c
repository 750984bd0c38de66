#include "../shared/kernels.h"
#include "../shared/whole.h"

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_arithmetic *a = arguments;
  (void)scratch;
  const int32_t last = a->axes.axes - 1;
  const int64_t left_stride = a->axes.first_strides[last], right_stride = a->axes.second_strides[last];
  const int64_t size = swl_element_size(a->type), output_size = swl_element_size(a->output_type);
  for (int64_t item = begin; item < end; item++) {
    struct swl_runs run = swl_broadcast_run(&a->axes, item);
    const uint8_t *left = (const uint8_t *)a->left + run.first * size, *right = (const uint8_t *)a->right + run.second * size;
    uint8_t *output = (uint8_t *)a->output + run.output * output_size;
    if (a->type == SWL_FLOAT32) {
      swl_combine_floats(a->operation, (const float *)left, left_stride, (const float *)right, right_stride, output, run.count);
      continue;
    }
    for (int64_t first = 0; first < run.count; first += SWL_LANES) {
      int64_t x[SWL_LANES], y[SWL_LANES], value[SWL_LANES], count = swl_minimum(SWL_LANES, run.count - first);
      swl_load_whole(a->type, left + first * left_stride * size, left_stride, count, x);
      swl_load_whole(a->type, right + first * right_stride * size, right_stride, count, y);
      swl_combine_whole(a->operation, a->type, x, y, value, count);
      swl_store_whole(a->output_type, value, count, output + first * output_size);
    }
  }
}

SWL_INSTANTIATE(swl_arithmetic, body)
