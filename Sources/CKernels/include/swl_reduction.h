// Families that reduce along an axis.
#ifndef SWL_REDUCTION_H
#define SWL_REDUCTION_H

#include "swl_elementwise.h"

// The raw values of ModelFormat's Reduction.Kind.
enum swl_reduction_kind {
  SWL_MEAN, SWL_SUM, SWL_REDUCE_MAXIMUM, SWL_REDUCE_MINIMUM, SWL_SUM_OF_SQUARES, SWL_EUCLIDEAN_NORM, SWL_PRODUCT, SWL_ABSOLUTE_SUM, SWL_LOG_SUM_EXP,
};

// Inner elements of one item.
#define SWL_REDUCTION_CHUNK 64

// Items: outer × chunks of SWL_REDUCTION_CHUNK inner elements.
struct swl_reduction {
  const void *input;
  void *output;
  int32_t kind;
  int64_t outer, reduced, inner;
  int32_t flip, input_zero_point, output_zero_point; // 8-bit only
  float factor, output_lower, output_upper;          // 8-bit mean: input scale ÷ output scale ÷ reduced
  int32_t type;                                      // whole numbers only
};

// Items are rows of `width` elements; input and output may be the same.
struct swl_softmax {
  const float *input;
  float *output;
  int64_t width;
  bool is_logarithmic;
};

#endif
