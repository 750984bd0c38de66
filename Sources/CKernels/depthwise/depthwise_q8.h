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

// The rows under the kernel, `size` of them, of a row of output pixels (of all images, one behind the other).
SWL_INLINE void find_sources(const struct swl_depthwise_q8 *d, int64_t size, int64_t item, struct source *sources) {
  const struct swl_window *w = &d->window;
  const int64_t row_bytes = (int64_t)w->input_width * w->input_channels, top = item % w->output_height * w->stride_height - w->pad_top;
  const uint8_t *image = d->input + item / w->output_height * w->input_height * row_bytes;
  for (int64_t y = 0; y < size; y++) {
    const int64_t row = top + y * w->dilation_height;
    const bool exists = row >= 0 && row < w->input_height;
    sources[y] = exists ? (struct source){image + row * row_bytes, w->input_channels} : (struct source){d->padding, 0};
  }
}

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
