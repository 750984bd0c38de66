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
  case SWL_PRODUCT: ACCUMULATE(double, 1.0, total * x);
  case SWL_ABSOLUTE_SUM: ACCUMULATE(double, 0.0, total + (x < 0.0 ? -x : x));
  case SWL_LOG_SUM_EXP: break;
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
#define combined total * x
  case SWL_PRODUCT: LANEWISE(double, 1.0, total * x)
#undef combined
#define combined total + x
  case SWL_ABSOLUTE_SUM: LANEWISE(double, 0.0, total + (x < 0.0 ? -x : x))
#undef combined
  case SWL_LOG_SUM_EXP: break;
  }
  return 0.0f;
}

// log Σ e^x with the greatest taken out of the sum, so that nothing overflows; that one alone where it is infinite or NaN.
SWL_INLINE void log_sum_exp(const struct swl_reduction *a, const float *input, float *output, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    float greatest = -INFINITY;
    for (int64_t r = 0; r < a->reduced; r++) {
      const float x = input[r * a->inner + i];
      greatest = x > greatest || x != x ? x : greatest;
    }
    double total = 0.0;
    for (int64_t r = 0; r < a->reduced; r++) total += exp((double)input[r * a->inner + i] - (double)greatest);
    output[i] = greatest - greatest == 0.0f ? (float)((double)greatest + log(total)) : greatest;
  }
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
    if (a->kind == SWL_LOG_SUM_EXP) {
      log_sum_exp(a, input, output, count);
    } else if (a->inner == 1) {
      output[0] = reduce_run(a, input);
    } else {
      reduce_columns(a, input, output, count);
    }
    finish(a, output, count);
  }
}

SWL_INSTANTIATE(swl_reduction_f32, body)
