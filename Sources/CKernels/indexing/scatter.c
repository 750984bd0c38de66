#include "../shared/elements.h"
#include "../shared/kernels.h"
#include "access.h"

SWL_INLINE void combine_floats(int32_t reduction, const float *update, float *output, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const float x = output[i], y = update[i];
    switch ((enum swl_scatter_reduction)reduction) {
    case SWL_SCATTER_NONE: output[i] = y; break;
    case SWL_SCATTER_ADD: output[i] = x + y; break;
    case SWL_SCATTER_MULTIPLY: output[i] = x * y; break;
    case SWL_SCATTER_MINIMUM: output[i] = x != x ? x : (y < x || y != y ? y : x); break;
    case SWL_SCATTER_MAXIMUM: output[i] = x != x ? x : (y > x || y != y ? y : x); break;
    }
  }
}

SWL_INLINE void combine_whole(int32_t reduction, bool is_uint64, const int64_t *restrict update, int64_t *restrict value, int64_t count) {
  const int64_t flip = is_uint64 ? INT64_MIN : 0;
  for (int64_t i = 0; i < count; i++) {
    const int64_t x = value[i], y = update[i];
    switch ((enum swl_scatter_reduction)reduction) {
    case SWL_SCATTER_NONE: value[i] = y; break;
    case SWL_SCATTER_ADD: value[i] = (int64_t)((uint64_t)x + (uint64_t)y); break;
    case SWL_SCATTER_MULTIPLY: value[i] = (int64_t)((uint64_t)x * (uint64_t)y); break;
    case SWL_SCATTER_MINIMUM: value[i] = (y ^ flip) < (x ^ flip) ? y : x; break;
    case SWL_SCATTER_MAXIMUM: value[i] = (y ^ flip) > (x ^ flip) ? y : x; break;
    }
  }
}

SWL_INLINE void combine(const struct swl_scatter *a, const uint8_t *update, uint8_t *output, int64_t count) {
  if (a->reduction == SWL_SCATTER_NONE) {
    memmove(output, update, (size_t)(count * a->element_size));
  } else if (a->type == SWL_FLOAT32) {
    combine_floats(a->reduction, (const float *)update, (float *)output, count);
  } else {
    for (int64_t first = 0; first < count; first += SWL_LANES) {
      int64_t x[SWL_LANES], y[SWL_LANES], length = swl_minimum(SWL_LANES, count - first), offset = first * a->element_size;
      swl_load_whole(a->type, output + offset, 1, length, x);
      swl_load_whole(a->type, update + offset, 1, length, y);
      combine_whole(a->reduction, a->type == SWL_UINT64, y, x, length);
      swl_store_whole(a->type, x, length, output + offset);
    }
  }
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_scatter *a = arguments;
  (void)scratch;
  const int64_t inner = a->access.inner, size = a->element_size, chunks = (inner + SWL_CHUNK - 1) / SWL_CHUNK;
  for (int64_t item = begin; item < end; item++) {
    const int64_t batch = item / chunks, first = item % chunks * SWL_CHUNK, count = swl_minimum(SWL_CHUNK, inner - first);
    const int64_t start = batch * a->access.rows * inner + first;
    if (count == inner) {
      memmove(a->output + start * size, a->input + start * size, (size_t)(a->access.rows * inner * size));
    } else {
      for (int64_t row = 0; row < a->access.rows; row++) {
        memmove(a->output + (start + row * inner) * size, a->input + (start + row * inner) * size, (size_t)(count * size));
      }
    }
    uint64_t faults = 0;
    for (int64_t i = 0; i < a->access.count; i++) {
      uint64_t outside = 0;
      const int64_t row = swl_row_of(&a->access, batch, i, &outside);
      faults += outside;
      if (outside == 0) combine(a, a->updates + ((batch * a->access.count + i) * inner + first) * size, a->output + (start + row * inner) * size, count);
    }
    // Every chunk meets the same indices.
    if (first == 0) swl_count_faults(&a->access, faults);
  }
}

SWL_INSTANTIATE(swl_scatter, body)
