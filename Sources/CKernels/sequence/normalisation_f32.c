#include "../shared/kernels.h"
#include "../shared/targets.h"

#include "swl_sequence.h"

#include <math.h>

#define LANES 16

// Lanes are summed apart and then in one fixed order, whatever the vector width.
SWL_INLINE float sum_of_lanes(float *lanes) {
  for (int width = LANES / 2; width > 0; width /= 2) {
    for (int lane = 0; lane < width; lane++) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

SWL_INLINE float mean_of(const float *x, int64_t count) {
  float lanes[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    for (int lane = 0; lane < LANES; lane++) lanes[lane] += x[i + lane];
  }
  for (int lane = 0; i < count; i++, lane++) lanes[lane] += x[i];
  return sum_of_lanes(lanes) / (float)count;
}

SWL_INLINE float mean_square_of(const float *x, float mean, int64_t count) {
  float lanes[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    for (int lane = 0; lane < LANES; lane++) lanes[lane] += (x[i + lane] - mean) * (x[i + lane] - mean);
  }
  for (int lane = 0; i < count; i++, lane++) lanes[lane] += (x[i] - mean) * (x[i] - mean);
  return sum_of_lanes(lanes) / (float)count;
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_normalisation *a = arguments;
  (void)scratch;
  for (int64_t row = begin; row < end; row++) {
    const float *restrict x = a->input + row * a->width;
    const float *restrict scale = a->scale;
    float *restrict y = a->output + row * a->width;
    const float mean = mean_of(x, a->width), inverse = 1.0f / sqrtf(mean_square_of(x, mean, a->width) + a->epsilon);
    if (a->shift) {
      const float *restrict shift = a->shift;
      for (int64_t i = 0; i < a->width; i++) y[i] = (x[i] - mean) * inverse * scale[i] + shift[i];
    } else {
      for (int64_t i = 0; i < a->width; i++) y[i] = (x[i] - mean) * inverse * scale[i];
    }
  }
}

SWL_INSTANTIATE(swl_normalisation_f32, body)
