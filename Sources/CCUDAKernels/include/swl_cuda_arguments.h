// What the CUDA kernels are given, by value: one structure a kernel. Pointers are addresses of the device. Where the CPU's family has
// a structure that fits, it serves here too, so that the two read the same numbers.
#ifndef SWL_CUDA_ARGUMENTS_H
#define SWL_CUDA_ARGUMENTS_H

#include "swl_convolution.h"
#include "swl_elementwise.h"
#include "swl_imaging.h"
#include "swl_integer.h"
#include "swl_matrix.h"
#include "swl_movement.h"
#include "swl_pooling.h"
#include "swl_recurrence.h"
#include "swl_reduction.h"
#include "swl_sequence.h"
#include "swl_whole.h"

// Goes up with every change of what a kernel is given, of what it means, or of the list: an image of another number is refused.
#define SWL_CUDA_ABI 8

// Rows (output pixels) and columns (output channels) of one block's tile, and words of four depth elements that it loads at a time.
#define SWL_CUDA_TILE 64
#define SWL_CUDA_TILE_WORDS 16

// Sums are of signed bytes: uint8 inputs are flipped by `input_mask`. The depth is padded so that every tap has whole words.
struct swl_cuda_convolution_q8 {
  const uint8_t *input;
  uint8_t *output;
  const uint32_t *weights;     // [group][padded_outputs][words], zeros where padded
  const int32_t *weight_sums;  // an output channel each
  struct swl_window window;
  int32_t group_inputs, group_outputs;
  int32_t padded_outputs;      // a multiple of SWL_CUDA_TILE
  int32_t words_per_tap, words; // words: a multiple of SWL_CUDA_TILE_WORDS
  uint32_t input_mask, padding; // padding: four zero points of flipped bytes
  int32_t zero_point;          // of flipped bytes
  bool is_pointwise;           // as the CPU's
  bool has_whole_words;        // every pixel's channels of a group begin at a word and end at one
  struct swl_requantisation requantisation;
};

struct swl_cuda_depthwise_q8 {
  const uint8_t *input;
  uint8_t *output;
  const int8_t *weights; // [tap][channel], channels padded to a multiple of 4
  struct swl_window window;
  int32_t padded_channels;
  bool has_whole_words; // channels are a multiple of 4, and the input begins at a word
  int32_t input_flip, input_zero_point;
  struct swl_requantisation requantisation;
};

// Grouped and depthwise too.
struct swl_cuda_convolution_f32 {
  const float *input;
  float *output;
  const float *weights; // [depth][output channel]
  struct swl_window window;
  int32_t group_inputs, group_outputs;
  struct swl_epilogue_f32 epilogue;
};

// Weights of 8 or 4 bits, with a scale for each output channel's groups of the depth.
struct swl_cuda_convolution_narrow {
  const float *input;
  float *output;
  const uint8_t *weights; // [depth, or two of it a byte][output channel]
  const float *scales;    // [output channel][scale groups]
  struct swl_window window;
  int32_t group_inputs, group_outputs;
  int32_t bits, scale_group, scale_groups; // scale_group: elements of the depth
  int32_t depth;
  bool is_row; // one output pixel: the CPU adds up the products of even and of odd elements apart
  struct swl_epilogue_f32 epilogue;
};

struct swl_cuda_normalisation_f32 {
  struct swl_normalisation rows_of;
  int64_t rows;
};

// Queries that a block takes at once where there are many.
#define SWL_CUDA_ATTENTION_QUERIES 4

struct swl_cuda_attention_f32 {
  struct swl_attention attention;
  float *scores; // [heads, rows + 1] where there is one query
};

// A frame as the CPU's own pass takes it, its addresses the device's; what the pass has as scratch isn't used. The source is the rows that the
// pass reads, one behind the other: its height is their number, and the pass's first rows are counted among them.
struct swl_cuda_frame {
  struct swl_preparation pass;
  struct swl_source source;
  const int32_t *chroma_rows; // of each of its rows, that of the planes of chroma where there are such
};

struct swl_cuda_preparation {
  const struct swl_cuda_frame *frame;
  void *tensor;
  int64_t pixels; // of the tensor
};

struct swl_cuda_recurrence_f32 {
  struct swl_recurrence recurrence; // weights: [unit of the state][gates × hidden]
  float *scratch;                   // a sequence's gates, then 3 × hidden
};

struct swl_cuda_library_f32 {
  const float *input, *residual; // residual: NULL for none
  float *output;
  int64_t count;
  int32_t function;
  float alpha, beta, lower, upper;
  bool is_bounded; // a residual and bounds follow
};

// Three compilers must agree on what is handed over: this machine's, the device's, and the emulation's.
#ifdef __cplusplus
#define SWL_SAME_SIZE(type, size) static_assert(sizeof(type) == (size), #type)
#else
#define SWL_SAME_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#endif
SWL_SAME_SIZE(struct swl_cuda_convolution_q8, 248);
SWL_SAME_SIZE(struct swl_cuda_depthwise_q8, 224);
SWL_SAME_SIZE(struct swl_cuda_convolution_f32, 144);
SWL_SAME_SIZE(struct swl_cuda_frame, 256);
SWL_SAME_SIZE(struct swl_cuda_preparation, 24);
SWL_SAME_SIZE(struct swl_pooling, 112);
SWL_SAME_SIZE(struct swl_lookup, 32);
SWL_SAME_SIZE(struct swl_conversion, 48);
SWL_SAME_SIZE(struct swl_unary, 40);
SWL_SAME_SIZE(struct swl_binary, 280);
SWL_SAME_SIZE(struct swl_copy, 224);
SWL_SAME_SIZE(struct swl_fill, 32);
SWL_SAME_SIZE(struct swl_resize, 80);
SWL_SAME_SIZE(struct swl_reduction, 80);
SWL_SAME_SIZE(struct swl_softmax, 32);
SWL_SAME_SIZE(struct swl_cuda_convolution_narrow, 168);
SWL_SAME_SIZE(struct swl_matrix_product, 88);
SWL_SAME_SIZE(struct swl_cuda_normalisation_f32, 56);
SWL_SAME_SIZE(struct swl_rotation, 96);
SWL_SAME_SIZE(struct swl_gather, 216);
SWL_SAME_SIZE(struct swl_cuda_attention_f32, 96);
SWL_SAME_SIZE(struct swl_arithmetic, 312);
SWL_SAME_SIZE(struct swl_mapping, 40);
SWL_SAME_SIZE(struct swl_cast, 32);
SWL_SAME_SIZE(struct swl_select, 312);
SWL_SAME_SIZE(struct swl_scatter, 232);
SWL_SAME_SIZE(struct swl_arg_reduction, 48);
SWL_SAME_SIZE(struct swl_top_k, 48);
SWL_SAME_SIZE(struct swl_cumulative_sum, 48);
SWL_SAME_SIZE(struct swl_cuda_recurrence_f32, 144);
SWL_SAME_SIZE(struct swl_convolution_q32, 112);
SWL_SAME_SIZE(struct swl_cuda_library_f32, 56);
#undef SWL_SAME_SIZE

#endif
