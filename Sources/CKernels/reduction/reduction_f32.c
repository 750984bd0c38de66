#include "../shared/kernels.h"
#include "../shared/targets.h"

#include "swl_reduction.h"

#include <math.h>

#define LANES 8

// Sums are taken in double precision: a mean over a large image keeps its digits.
#define ACCUMULATE(type, start, expression)                                                                            \
  {                                                                                                                    \
    type totals[SWL_REDUCTION_CHUNK];                                                                                  \
    for (int64_t i = 0; i < SWL_REDUCTION_CHUNK; i++) totals[i] = (start);                                             \
    for (int64_t r = 0; r < a->reduced; r++) {                                                                         \
      const float *row = input + r * a->inner;                                                                         \
      for (int64_t i = 0; i < count; i++) {                                                                            \
        type x = row[i], total = totals[i];                                                                            \
        totals[i] = (expression);                                                                                      \
      }                                                                                                                \
    }                                                                                                                  \
    for (int64_t i = 0; i < count; i++) output[i] = (float)totals[i];                                                  \
  }                                                                                                                    \
  break

SWL_INLINE void reduce_columns(const struct swl_reduction *a, const float *input, float *output, int64_t count) {
  switch ((enum swl_reduction_kind)a->kind) {
  case SWL_MEAN:
  case SWL_SUM: ACCUMULATE(double, 0.0, total + x);
  case SWL_SUM_OF_SQUARES:
  case SWL_EUCLIDEAN_NORM: ACCUMULATE(double, 0.0, total + x * x);
  case SWL_REDUCE_MAXIMUM: ACCUMULATE(float, -INFINITY, x > total || x != x ? x : total);
  case SWL_REDUCE_MINIMUM: ACCUMULATE(float, INFINITY, x < total || x != x ? x : total);
  }
}

// One contiguous run, in lanes that are added in one fixed order.
#define LANEWISE(type, start, expression)                                                                              \
  {                                                                                                                    \
    type lanes[LANES];                                                                                                 \
    for (int lane = 0; lane < LANES; lane++) lanes[lane] = (start);                                                    \
    int64_t i = 0;                                                                                                     \
    for (; i + LANES <= a->reduced; i += LANES) {                                                                      \
      for (int lane = 0; lane < LANES; lane++) {                                                                       \
        type x = input[i + lane], total = lanes[lane];                                                                 \
        lanes[lane] = (expression);                                                                                    \
      }                                                                                                                \
    }                                                                                                                  \
    for (int lane = 0; i < a->reduced; i++, lane++) {                                                                  \
      type x = input[i], total = lanes[lane];                                                                          \
      lanes[lane] = (expression);                                                                                      \
    }                                                                                                                  \
    for (int lane = 1; lane < LANES; lane++) {                                                                         \
      type x = lanes[lane], total = lanes[0];                                                                          \
      lanes[0] = (combined);                                                                                           \
    }                                                                                                                  \
    return (float)lanes[0];                                                                                            \
  }

SWL_INLINE float reduce_run(const struct swl_reduction *a, const float *input) {
  switch ((enum swl_reduction_kind)a->kind) {
#define combined total + x
  case SWL_MEAN:
  case SWL_SUM: LANEWISE(double, 0.0, total + x)
  case SWL_SUM_OF_SQUARES:
  case SWL_EUCLIDEAN_NORM: LANEWISE(double, 0.0, total + x * x)
#undef combined
#define combined x > total || x != x ? x : total
  case SWL_REDUCE_MAXIMUM: LANEWISE(float, -INFINITY, x > total || x != x ? x : total)
#undef combined
#define combined x < total || x != x ? x : total
  case SWL_REDUCE_MINIMUM: LANEWISE(float, INFINITY, x < total || x != x ? x : total)
#undef combined
  }
  return 0.0f;
}

SWL_INLINE void finish(const struct swl_reduction *a, float *output, int64_t count) {
  if (a->kind == SWL_MEAN) {
    for (int64_t i = 0; i < count; i++) output[i] /= (float)a->reduced;
  } else if (a->kind == SWL_EUCLIDEAN_NORM) {
    for (int64_t i = 0; i < count; i++) output[i] = sqrtf(output[i]);
  }
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_reduction *a = arguments;
  (void)scratch;
  int64_t chunks = (a->inner + SWL_REDUCTION_CHUNK - 1) / SWL_REDUCTION_CHUNK;
  for (int64_t item = begin; item < end; item++) {
    int64_t outer = item / chunks, first = item % chunks * SWL_REDUCTION_CHUNK;
    int64_t count = swl_minimum(SWL_REDUCTION_CHUNK, a->inner - first);
    const float *input = (const float *)a->input + outer * a->reduced * a->inner + first;
    float *output = (float *)a->output + outer * a->inner + first;
    if (a->inner == 1) {
      output[0] = reduce_run(a, input);
    } else {
      reduce_columns(a, input, output, count);
    }
    finish(a, output, count);
  }
}

SWL_INSTANTIATE(swl_reduction_f32, body)
