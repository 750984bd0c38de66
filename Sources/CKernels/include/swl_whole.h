// Families of whole numbers, truth values, and choices that data makes.
#ifndef SWL_WHOLE_H
#define SWL_WHOLE_H

#include "swl_elementwise.h"

// The raw values of Tensors' ElementType.
enum swl_element_type {
  SWL_FLOAT32 = 1, SWL_UINT8, SWL_INT8, SWL_INT32, SWL_INT64, SWL_BOOL, SWL_FLOAT16, SWL_FLOAT64, SWL_INT16, SWL_UINT16, SWL_UINT32, SWL_UINT64,
};

// Axes of several operands against a dense output, outermost first, already merged where that is possible. An item is one
// chunk (of SWL_CHUNK elements) of the last axis at one position of the others.
struct swl_broadcast {
  int32_t axes;
  int64_t extents[SWL_MAXIMUM_AXES], first_strides[SWL_MAXIMUM_AXES], second_strides[SWL_MAXIMUM_AXES], third_strides[SWL_MAXIMUM_AXES];
  int64_t chunks; // of the last axis
};

// The raw values of ModelFormat's Arithmetic.Operation.
enum swl_arithmetic_operation {
  SWL_WHOLE_ADD, SWL_WHOLE_SUBTRACT, SWL_WHOLE_MULTIPLY, SWL_WHOLE_DIVIDE, SWL_MODULO, SWL_REMAINDER, SWL_WHOLE_MINIMUM, SWL_WHOLE_MAXIMUM,
  SWL_WHOLE_POWER, SWL_BITWISE_AND, SWL_BITWISE_OR, SWL_BITWISE_XOR, SWL_SHIFT_LEFT, SWL_SHIFT_RIGHT, SWL_LOGICAL_AND, SWL_LOGICAL_OR,
  SWL_LOGICAL_XOR, SWL_EQUAL, SWL_NOT_EQUAL, SWL_LESS, SWL_LESS_OR_EQUAL, SWL_GREATER, SWL_GREATER_OR_EQUAL,
};

struct swl_arithmetic {
  const void *left, *right;
  void *output;
  int32_t operation, type, output_type;
  struct swl_broadcast axes; // left first, right second
};

// The raw values of ModelFormat's Mapping.Function.
enum swl_mapping_function {
  SWL_WHOLE_NEGATE, SWL_WHOLE_ABSOLUTE, SWL_WHOLE_SIGN, SWL_BITWISE_NOT, SWL_LOGICAL_NOT, SWL_IS_NAN, SWL_IS_INFINITE, SWL_IS_POSITIVE_INFINITY,
  SWL_IS_NEGATIVE_INFINITY,
};

// Mapping and cast: items are chunks of SWL_CHUNK elements.
struct swl_mapping {
  const void *input;
  void *output;
  int64_t count;
  int32_t function, type, output_type;
};

struct swl_cast {
  const void *input;
  void *output;
  int64_t count;
  int32_t type, output_type;
};

struct swl_select {
  const uint8_t *condition;
  const void *on_true, *on_false;
  void *output;
  int32_t element_size;
  struct swl_broadcast axes; // condition, on_true, on_false
};

// Rows of a table [batch, extents…, inner] at coordinates [batch or 1, count, coordinates].
struct swl_access {
  const void *indices;
  int32_t index_size; // 4 or 8 bytes
  int32_t coordinates;
  int64_t extents[SWL_MAXIMUM_AXES], steps[SWL_MAXIMUM_AXES]; // steps in rows
  int64_t rows;                                               // of the table in one batch
  int64_t batch, count, inner;
  bool shares_indices;
  uint64_t *faults; // counts coordinates outside their extents
};

// Items are the rows of the output.
struct swl_gather {
  const uint8_t *input;
  uint8_t *output;
  int32_t element_size;
  struct swl_access access;
};

// The raw values of ModelFormat's Scatter.Reduction.
enum swl_scatter_reduction { SWL_SCATTER_NONE, SWL_SCATTER_ADD, SWL_SCATTER_MULTIPLY, SWL_SCATTER_MINIMUM, SWL_SCATTER_MAXIMUM };

// Items: batch × chunks of SWL_CHUNK inner elements.
struct swl_scatter {
  const uint8_t *input, *updates;
  uint8_t *output;
  int32_t element_size, type, reduction;
  struct swl_access access;
};

// Items: outer × chunks of SWL_REDUCTION_CHUNK inner elements.
struct swl_arg_reduction {
  const void *input;
  int64_t *output;
  int64_t outer, reduced, inner;
  int32_t type;
  bool finds_least, takes_last;
};

// Items are rows.
struct swl_top_k {
  const void *input;
  int64_t *output;
  int64_t outer, length, count;
  int32_t type;
  bool finds_least;
};

// Items: outer × chunks of SWL_REDUCTION_CHUNK inner elements.
struct swl_cumulative_sum {
  const void *input;
  void *output;
  int64_t outer, length, inner;
  int32_t type;
  bool is_exclusive, is_reversed;
};

#endif
