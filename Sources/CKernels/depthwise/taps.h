// The input pixels under one output pixel's window, the padding pixel where a tap falls outside.
#ifndef SWL_TAPS_H
#define SWL_TAPS_H

#include "../shared/targets.h"
#include "swl_convolution.h"

SWL_INLINE void find_taps(const struct swl_window *w, const void *input, const void *padding, int64_t element_size, int64_t item, int64_t x,
                          const void **taps) {
  const int64_t pixel = w->input_channels * element_size;
  const char *image = (const char *)input + item / w->output_height * w->input_height * w->input_width * pixel;
  int64_t top = item % w->output_height * w->stride_height - w->pad_top, left = x * w->stride_width - w->pad_left;
  for (int64_t y = 0; y < w->kernel_height; y++) {
    int64_t source_row = top + y * w->dilation_height;
    bool inside = source_row >= 0 && source_row < w->input_height;
    for (int64_t i = 0; i < w->kernel_width; i++) {
      int64_t source_column = left + i * w->dilation_width;
      bool exists = inside && source_column >= 0 && source_column < w->input_width;
      *taps++ = exists ? image + (source_row * w->input_width + source_column) * pixel : (const char *)padding;
    }
  }
}

#endif
