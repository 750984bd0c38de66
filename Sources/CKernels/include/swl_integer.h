// Products of 8-bit integers that keep their 32-bit sums.
#ifndef SWL_INTEGER_H
#define SWL_INTEGER_H

#include "swl_convolution.h"

// Items: output rows of the batch.
struct swl_convolution_q32 {
  const uint8_t *input;
  const uint8_t *input_zero_point; // NULL for 0
  int32_t input_flip;              // what stored bytes are xored with to read them as unsigned
  const int16_t *weights;          // [output channel, tap, channel of the group], less their zero points
  int32_t *output;
  struct swl_window window;
  int32_t groups;
};

// Scratch bytes that one thread needs: the input under one window.
int64_t swl_convolution_q32_scratch(const struct swl_window *window, int32_t groups);

#endif
