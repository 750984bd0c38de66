// How the windows of convolution and pooling meet the borders of an image.
#ifndef SWL_WINDOW_H
#define SWL_WINDOW_H

#include "swl_convolution.h"
#include "targets.h"

// Taps of one axis that fall inside the image: first..<last.
struct swl_taps {
  int32_t first, last;
};

// `start` is the window's first position (negative in the padding).
SWL_INLINE struct swl_taps swl_taps_inside(int64_t start, int32_t taps, int32_t dilation, int32_t size) {
  if (start >= 0 && start + (int64_t)(taps - 1) * dilation < size) return (struct swl_taps){0, taps};
  int64_t first = start < 0 ? (-start + dilation - 1) / dilation : 0;
  int64_t last = start < size ? (size - start + dilation - 1) / dilation : 0;
  if (last > taps) last = taps;
  if (first > last) first = last;
  return (struct swl_taps){(int32_t)first, (int32_t)last};
}

#endif
