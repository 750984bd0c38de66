#include "../shared/kernels.h"
#include "../shared/unary.h"

#include "swl_reduction.h"

#define LANES 8

// Lanes are summed apart and then in one fixed order, whatever the vector width.
SWL_INLINE float sum_of(const float *values, int64_t count) {
  float lanes[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    for (int lane = 0; lane < LANES; lane++) lanes[lane] += values[i + lane];
  }
  for (int lane = 0; i < count; i++, lane++) lanes[lane] += values[i];
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

SWL_INLINE float largest_of(const float *values, int64_t count) {
  float largest = -INFINITY;
  for (int64_t i = 0; i < count; i++) largest = values[i] > largest ? values[i] : largest;
  return largest;
}

// Sum of e^(x − largest) without a place to keep the terms.
SWL_INLINE float sum_of_exponentials(const float *values, int64_t count, float largest) {
  float total = 0.0f, terms[64];
  for (int64_t first = 0; first < count; first += 64) {
    int64_t length = swl_minimum(64, count - first);
    for (int64_t i = 0; i < length; i++) terms[i] = swl_exp(values[first + i] - largest);
    total += sum_of(terms, length);
  }
  return total;
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_softmax *a = arguments;
  (void)scratch;
  for (int64_t row = begin; row < end; row++) {
    const float *input = a->input + row * a->width;
    float *output = a->output + row * a->width;
    float largest = largest_of(input, a->width);
    float total = sum_of_exponentials(input, a->width, largest);
    if (a->is_logarithmic) {
      float logarithm = logf(total);
      for (int64_t i = 0; i < a->width; i++) output[i] = input[i] - largest - logarithm;
    } else {
      for (int64_t i = 0; i < a->width; i++) output[i] = swl_exp(input[i] - largest) / total;
    }
  }
}

SWL_INSTANTIATE(swl_softmax_f32, body)
