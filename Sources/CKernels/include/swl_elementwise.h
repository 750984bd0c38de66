// Families that work element by element.
#ifndef SWL_ELEMENTWISE_H
#define SWL_ELEMENTWISE_H

#include "swl_kernel.h"

// The raw values of ModelFormat's UnaryFunction.
enum swl_unary_function {
  SWL_IDENTITY, SWL_CLAMP, SWL_SIGMOID, SWL_SILU, SWL_TANH, SWL_LEAKY_RELU, SWL_HARD_SIGMOID, SWL_HARD_SWISH, SWL_EXP, SWL_LOG,
  SWL_SQRT, SWL_RECIPROCAL, SWL_NEGATE, SWL_ABSOLUTE, SWL_ERF, SWL_GELU, SWL_ELU, SWL_SOFTPLUS, SWL_FLOOR, SWL_CEIL, SWL_ROUND,
  SWL_POWER, SWL_AFFINE, SWL_MISH, SWL_SINE, SWL_COSINE, SWL_SIGN, SWL_TANGENT, SWL_ARCSINE, SWL_ARCCOSINE,
  SWL_ARCTANGENT, SWL_SINH, SWL_COSH, SWL_ASINH, SWL_ACOSH, SWL_ATANH, SWL_SOFTSIGN, SWL_SELU, SWL_CELU, SWL_THRESHOLDED_RELU,
  SWL_SHRINK, SWL_GELU_TANH, SWL_SWISH,
};

// The raw values of ModelFormat's Binary.Operation.
enum swl_binary_operation { SWL_ADD, SWL_SUBTRACT, SWL_MULTIPLY, SWL_DIVIDE, SWL_MINIMUM, SWL_MAXIMUM, SWL_POWER_OF };

#define SWL_MAXIMUM_AXES 8
// Elements of one item in the families below that walk flat arrays.
#define SWL_CHUNK 4096

// Unary, lookup, quantise, dequantise: items are chunks of SWL_CHUNK elements.
struct swl_unary {
  const float *input;
  float *output;
  int64_t count;
  int32_t function;
  float alpha, beta;
};

struct swl_lookup {
  const uint8_t *input;
  const uint8_t *table;
  uint8_t *output;
  int64_t count;
};

struct swl_conversion {
  const void *input;
  void *output;
  int64_t count;
  float scale;
  int32_t zero_point, flip;
  float lower, upper; // of the 8-bit type, zero point taken off
};

// Axes of two operands against a dense output, outermost first, already merged where that is possible. An item is one
// chunk (of SWL_CHUNK elements) of the last axis at one position of the others.
struct swl_binary {
  const void *left;
  const void *right;
  void *output;
  int32_t operation, axes;
  int64_t extents[SWL_MAXIMUM_AXES], left_strides[SWL_MAXIMUM_AXES], right_strides[SWL_MAXIMUM_AXES];
  int64_t chunks; // of the last axis
  float lower, upper;
  // 8-bit only.
  float left_scale, right_scale, output_scale;
  int32_t left_flip, right_flip, left_zero_point, right_zero_point, output_zero_point;
  float output_lower, output_upper; // zero point taken off
};

#endif
