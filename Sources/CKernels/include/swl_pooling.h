// Max and average pooling over NHWC. Items are output rows of all images.
#ifndef SWL_POOLING_H
#define SWL_POOLING_H

#include "swl_convolution.h"

struct swl_pooling {
  const void *input;
  void *output;
  struct swl_window window; // output_channels equals input_channels
  bool is_average, counts_padding;
  // 8-bit only.
  int32_t input_flip, input_zero_point, output_zero_point;
  float scale_ratio;                // input scale ÷ output scale
  float output_lower, output_upper; // zero point taken off
};

// Scratch bytes that one thread needs.
int64_t swl_pooling_scratch(const struct swl_window *window);

#endif
