#include "../shared/kernels.h"
#include "../shared/targets.h"

#include "swl_sequence.h"

SWL_INLINE void turn_neighbours(const float *restrict x, const float *restrict cosines, const float *restrict sines, int64_t pairs, float *restrict y) {
  for (int64_t i = 0; i < pairs; i++) {
    const float real = x[2 * i], imaginary = x[2 * i + 1];
    y[2 * i] = cosines[i] * real - sines[i] * imaginary;
    y[2 * i + 1] = sines[i] * real + cosines[i] * imaginary;
  }
}

SWL_INLINE void turn_halves(const float *restrict x, const float *restrict cosines, const float *restrict sines, int64_t pairs, float *restrict y) {
  for (int64_t i = 0; i < pairs; i++) {
    const float real = x[i], imaginary = x[pairs + i];
    y[i] = cosines[i] * real - sines[i] * imaginary;
    y[pairs + i] = sines[i] * real + cosines[i] * imaginary;
  }
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_rotation *a = arguments;
  (void)scratch;
  uint64_t faults = 0;
  for (int64_t row = begin; row < end; row++) {
    // As Gather's, negative ones count from the end.
    const int64_t given = a->row_positions[row], asked = given < 0 ? given + a->positions : given, position = swl_maximum(0, swl_minimum(asked, a->positions - 1));
    faults += position != asked;
    const float *cosines = a->cosines + position * a->pairs, *sines = a->sines + position * a->pairs;
    for (int64_t head = 0; head < a->heads; head++) {
      const int64_t first = (row * a->heads + head) * a->size;
      const float *x = a->input + first;
      float *y = a->output + first;
      if (a->is_interleaved) {
        turn_neighbours(x, cosines, sines, a->pairs, y);
      } else {
        turn_halves(x, cosines, sines, a->pairs, y);
      }
      for (int64_t i = 2 * a->pairs; i < a->size; i++) y[i] = x[i];
    }
  }
  // Threads meet here.
  if (faults != 0) __atomic_fetch_add(a->faults, faults, __ATOMIC_RELAXED);
}

SWL_INSTANTIATE(swl_rotation_f32, body)
