// Families that move elements.
#ifndef SWL_MOVEMENT_H
#define SWL_MOVEMENT_H

#include "swl_elementwise.h"

// Axes outermost first, merged where possible; strides and offsets in elements. Items as in swl_binary.
struct swl_copy {
  const uint8_t *input; // at the offset already
  uint8_t *output;
  int32_t element_size, axes;
  int64_t extents[SWL_MAXIMUM_AXES], input_strides[SWL_MAXIMUM_AXES], output_strides[SWL_MAXIMUM_AXES];
  int64_t chunks;
};

// Items are chunks of SWL_CHUNK elements.
struct swl_fill {
  uint8_t *output;
  int64_t count;
  int32_t element_size;
  uint64_t pattern;
};

// Items are output rows of all images.
struct swl_resize {
  const void *input;
  void *output;
  const int32_t *rows, *columns;
  const float *row_fractions, *column_fractions; // of magnitude 4096 at most
  int32_t batch, input_height, input_width, output_height, output_width, channels;
  int32_t flip; // 8-bit only
};

#endif
