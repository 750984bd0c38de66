#include "../shared/kernels.h"
#include "binary.h"

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_binary *a = arguments;
  (void)scratch;
  int32_t last = a->axes - 1;
  for (int64_t item = begin; item < end; item++) {
    struct swl_run run = swl_binary_run(a, item);
    swl_binary_row(a->operation, (const float *)a->left + run.left, a->left_strides[last], (const float *)a->right + run.right, a->right_strides[last],
                   (float *)a->output + run.output, run.count, a->lower, a->upper);
  }
}

SWL_INSTANTIATE(swl_binary_f32, body)
