// What every kernel of the family includes: the taps of a pixel, the plain loop over channels, and the walk.
#ifndef SWL_DEPTHWISE_Q8_H
#define SWL_DEPTHWISE_Q8_H

#include "../shared/epilogue.h"
#include "../shared/kernels.h"
#include "../shared/window.h"

#include "taps.h"

// A row under the kernel: a row of the image, or the padding pixel over and over.
struct source {
  const uint8_t *start;
  int64_t pixel; // bytes from one column to the next
};

// Channels first..<channels with weights [tap][channel].
SWL_INLINE void sum_plainly(const struct swl_depthwise_q8 *d, const uint8_t *const *taps, int64_t tap_count, int64_t first, int32_t *restrict sums) {
  const int64_t channels = d->window.input_channels;
  const int32_t flip = d->input_flip, offset = d->input_flip + d->input_zero_point;
  for (int64_t c = first; c < channels; c++) sums[c] = 0;
  for (int64_t tap = 0; tap < tap_count; tap++) {
    const uint8_t *input = taps[tap];
    const int16_t *weights = d->weights + tap * channels;
    for (int64_t c = first; c < channels; c++) sums[c] += ((int32_t)(input[c] ^ flip) - offset) * weights[c];
  }
}

#endif
