#include "../shared/elements.h"
#include "../shared/kernels.h"
#include "swl_reduction.h"

#include <math.h>

#define EACH(expression)                                                                                               \
  for (int64_t i = 0; i < count; i++) {                                                                                \
    const int64_t x = values[i], total = totals[i];                                                                    \
    const uint64_t u = (uint64_t)x, sum = (uint64_t)total;                                                             \
    (void)x, (void)total, (void)u, (void)sum;                                                                          \
    totals[i] = (int64_t)(expression);                                                                                 \
  }                                                                                                                    \
  break

// `flip` turns the order of 64 unsigned bits into that of signed ones.
SWL_INLINE void accumulate(int32_t kind, int64_t flip, const int64_t *restrict values, int64_t *restrict totals, int64_t count) {
  switch ((enum swl_reduction_kind)kind) {
  case SWL_MEAN:
  case SWL_SUM: EACH(sum + u);
  case SWL_SUM_OF_SQUARES:
  case SWL_EUCLIDEAN_NORM: EACH(sum + u * u);
  case SWL_PRODUCT: EACH(sum * u);
  case SWL_ABSOLUTE_SUM: EACH(sum + (x < 0 && flip == 0 ? 0 - u : u));
  case SWL_REDUCE_MAXIMUM: EACH((x ^ flip) > (total ^ flip) ? x : total);
  case SWL_REDUCE_MINIMUM: EACH((x ^ flip) < (total ^ flip) ? x : total);
  case SWL_LOG_SUM_EXP: break;
  }
}

#undef EACH

SWL_INLINE void finish(const struct swl_reduction *a, int64_t *totals, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const uint64_t sum = (uint64_t)totals[i];
    if (a->kind == SWL_MEAN) {
      totals[i] = a->type == SWL_UINT64 ? (int64_t)(sum / (uint64_t)a->reduced) : totals[i] / a->reduced;
    } else if (a->kind == SWL_EUCLIDEAN_NORM) {
      // At most 2^32, the square root of 64 bits.
      totals[i] = (int64_t)sqrt((double)sum);
    }
  }
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_reduction *a = arguments;
  (void)scratch;
  const int64_t size = swl_element_size(a->type), chunks = (a->inner + SWL_REDUCTION_CHUNK - 1) / SWL_REDUCTION_CHUNK;
  const int64_t flip = a->type == SWL_UINT64 ? INT64_MIN : 0;
  const bool chooses = a->kind == SWL_REDUCE_MAXIMUM || a->kind == SWL_REDUCE_MINIMUM;
  for (int64_t item = begin; item < end; item++) {
    const int64_t outer = item / chunks, first = item % chunks * SWL_REDUCTION_CHUNK, count = swl_minimum(SWL_REDUCTION_CHUNK, a->inner - first);
    const uint8_t *input = (const uint8_t *)a->input + (outer * a->reduced * a->inner + first) * size;
    int64_t totals[SWL_REDUCTION_CHUNK], values[SWL_REDUCTION_CHUNK];
    for (int64_t i = 0; i < SWL_REDUCTION_CHUNK; i++) totals[i] = a->kind == SWL_PRODUCT;
    if (chooses) swl_load_whole(a->type, input, 1, count, totals);
    for (int64_t r = 0; r < a->reduced; r++) {
      swl_load_whole(a->type, input + r * a->inner * size, 1, count, values);
      accumulate(a->kind, flip, values, totals, count);
    }
    finish(a, totals, count);
    swl_store_whole(a->type, totals, count, (uint8_t *)a->output + (outer * a->inner + first) * size);
  }
}

SWL_INSTANTIATE(swl_reduction_whole, body)
