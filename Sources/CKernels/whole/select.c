#include "../shared/elements.h"
#include "../shared/kernels.h"

#define SELECT(type)                                                                                                   \
  {                                                                                                                    \
    const type *x = (const type *)on_true, *y = (const type *)on_false;                                                \
    type *to = (type *)output;                                                                                         \
    if (strides[0] == 1 && strides[1] == 1 && strides[2] == 1) {                                                       \
      for (int64_t i = 0; i < count; i++) to[i] = condition[i] ? x[i] : y[i];                                          \
    } else if (strides[0] == 1 && strides[1] == 1 && strides[2] == 0) {                                                \
      const type other = y[0];                                                                                         \
      for (int64_t i = 0; i < count; i++) to[i] = condition[i] ? x[i] : other;                                         \
    } else if (strides[0] == 1 && strides[1] == 0 && strides[2] == 1) {                                                \
      const type other = x[0];                                                                                         \
      for (int64_t i = 0; i < count; i++) to[i] = condition[i] ? other : y[i];                                         \
    } else {                                                                                                           \
      for (int64_t i = 0; i < count; i++) to[i] = condition[i * strides[0]] ? x[i * strides[1]] : y[i * strides[2]];   \
    }                                                                                                                  \
  }                                                                                                                    \
  break

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_select *a = arguments;
  (void)scratch;
  const int32_t last = a->axes.axes - 1;
  const int64_t strides[3] = {a->axes.first_strides[last], a->axes.second_strides[last], a->axes.third_strides[last]}, size = a->element_size;
  for (int64_t item = begin; item < end; item++) {
    struct swl_runs run = swl_broadcast_run(&a->axes, item);
    const uint8_t *condition = a->condition + run.first;
    const uint8_t *on_true = (const uint8_t *)a->on_true + run.second * size, *on_false = (const uint8_t *)a->on_false + run.third * size;
    uint8_t *output = (uint8_t *)a->output + run.output * size;
    const int64_t count = run.count;
    switch (a->element_size) {
    case 1: SELECT(uint8_t);
    case 2: SELECT(uint16_t);
    case 4: SELECT(uint32_t);
    default: SELECT(uint64_t);
    }
  }
}

SWL_INSTANTIATE(swl_select, body)
