// Convolution families. Images are NHWC; see `Convolution` in ModelFormat for the arithmetic.
#ifndef SWL_CONVOLUTION_H
#define SWL_CONVOLUTION_H

#include "swl_kernel.h"

struct swl_window {
  int32_t batch, input_height, input_width, input_channels;
  int32_t output_height, output_width, output_channels;
  int32_t kernel_height, kernel_width, stride_height, stride_width;
  int32_t dilation_height, dilation_width, pad_top, pad_left, pad_bottom, pad_right;
};

// From an exact 32-bit sum to an 8-bit output. A stored byte b means (b ^ flip) − flip, with flip 0x80 for int8 and 0
// for uint8. Bounds are floats with the zero point already taken off, at most 2^21 away from 0.
struct swl_requantisation {
  const int32_t *bias;      // a channel each
  const float *multipliers; // a channel each
  float middle_lower, middle_upper;
  int32_t middle_zero_point;
  // Set by swl_mark_narrow. Narrow: no product reaches 2^31, and the middle's bounds lie within an 8-bit type whose flip is
  // middle_flip, so that kernels may clamp bytes where the definition clamps floats.
  bool is_narrow;
  int32_t middle_flip;
  const uint8_t *table; // NULL or 256 bytes
  // NULL or 256 bytes, where there is no table: the middle has 16 bits, its bounds are those of what the gates make of it.
  const uint8_t *gates;
  int32_t gate_factor;
  int32_t table_zero_point;
  int32_t output_flip;
  const uint8_t *residual; // NULL or as the output
  int32_t residual_flip, residual_zero_point;
  float middle_scale, residual_scale, output_scale;
  float output_lower, output_upper;
  int32_t output_zero_point;
};

// How the work of a matrix-like convolution is cut into items: item = (group × row_blocks + row block) × column_splits + split.
struct swl_blocking {
  int32_t groups, group_inputs, group_outputs; // channels of one group
  int64_t depth, padded_depth;                 // kernel_height × kernel_width × group_inputs; padded to a multiple of 8, see also strips
  int64_t rows;                                // output pixels of all images
  int64_t rows_per_block, row_blocks;          // rows_per_block is a multiple of the kernel's rows
  int64_t panels, panels_per_split, column_splits;
  // Where strip_pitch isn't 0, a block copies the lines of the image that it reads, padding included, strip_pitch bytes each, and reads
  // each window where it lies there: kernel_height runs of strip_run bytes. padded_depth then counts every run in fours.
  int64_t strip_run, strip_pitch, strip_size; // strip_size: of the largest block's copy
};

struct swl_convolution_q8 {
  const uint8_t *input;
  uint8_t *output;
  const int8_t *weights; // packed by swl_pack_weights_q8
  struct swl_window window;
  struct swl_blocking blocking;
  bool is_pointwise; // 1×1, stride 1, no padding: output pixel i reads input pixel i
  int32_t input_flip, input_zero_point;
  struct swl_requantisation requantisation;
};

struct swl_depthwise_q8 {
  const uint8_t *input;
  uint8_t *output;
  const int16_t *weights; // packed by swl_pack_depthwise_q8
  const uint8_t *padding; // one pixel of zero points
  struct swl_window window;
  int32_t input_flip, input_zero_point;
  struct swl_requantisation requantisation;
};

// y = function(sum + bias), + residual, then clamped.
struct swl_epilogue_f32 {
  const float *bias;
  const float *residual; // NULL or as the output
  int32_t function;      // swl_unary_function
  float alpha, beta, lower, upper;
};

// Weights of 8 or 4 bits that are expanded to float32 a panel at a time: integer × the scale of their group of the depth.
struct swl_narrow_weights {
  int32_t bits;        // 0: weights are float32
  int32_t group;       // elements of the depth, even
  const uint8_t *panels; // packed by swl_pack_narrow_weights
};

struct swl_convolution_f32 {
  const float *input;
  float *output;
  const float *weights; // packed by swl_pack_weights_f32; NULL where they are narrow
  struct swl_narrow_weights narrow;
  struct swl_window window;
  struct swl_blocking blocking;
  bool is_pointwise; // as above: rows are read where they lie
  struct swl_epilogue_f32 epilogue;
};

// Float data, each row of a block rounded to even levels between its least and its greatest element, 256 of each of `planes` bytes, against
// weights in 8 bits: the products are of bytes, their sums exact. y = sum × (step × scale) + least × offset, and then the epilogue.
struct swl_convolution_rounded {
  const float *input;
  float *output;
  const int8_t *weights;        // packed by swl_pack_weights_q8
  const float *scales;          // a channel each
  const float *offsets;         // scale × the sum of the channel's weights
  struct swl_window window;
  struct swl_blocking blocking; // planned for elements of four bytes
  bool is_pointwise;
  int32_t planes;               // 1 or 2
  struct swl_epilogue_f32 epilogue;
};

struct swl_depthwise_f32 {
  const float *input;
  float *output;
  const float *weights; // [tap][channel]
  const float *padding; // one pixel of zeros
  struct swl_window window;
  struct swl_epilogue_f32 epilogue;
};

// Bytes of packed weights, and the packing, for one kernel's geometry: group after group, panel after panel of `columns`
// output channels, depth in runs of `depth`; missing columns and depth are 0. Where bytes are multiplied (runs of 4), each panel ends
// with the int32 sums of its columns; runs of 16 are windows, see paired.h: the size is the most that these may take, and packing
// gives the bytes that it took. Source [O][kH][kW][I/groups].
int64_t swl_packed_weights_size(const struct swl_kernel *kernel, const struct swl_blocking *blocking, int64_t element_size);
int64_t swl_pack_weights_q8(const struct swl_kernel *kernel, const struct swl_blocking *blocking, const int8_t *weights, int8_t *packed);
void swl_pack_weights_f32(const struct swl_kernel *kernel, const struct swl_blocking *blocking, const float *weights, float *packed);
// The same for narrow weights: [O][kH][kW][I/groups] as int8, or two to a byte, the even one in the lower half, less 8; scales [O][⌈depth ÷ group⌉].
// A panel is its scales, group by group, then its weights, depth by depth (or two at a time), each for all columns.
int64_t swl_packed_narrow_size(const struct swl_kernel *kernel, const struct swl_blocking *blocking, const struct swl_narrow_weights *narrow);
void swl_pack_narrow_weights(const struct swl_kernel *kernel, const struct swl_blocking *blocking, const struct swl_narrow_weights *narrow,
                             const uint8_t *weights, const float *scales, uint8_t *packed);
// Scratch bytes for one expanded panel, beside a convolution's.
int64_t swl_expanded_panel_size(const struct swl_kernel *kernel, const struct swl_blocking *blocking);
int64_t swl_packed_depthwise_q8_size(const struct swl_kernel *kernel, const struct swl_window *window);
// Source [C][kH][kW].
void swl_pack_depthwise_q8(const struct swl_kernel *kernel, const struct swl_window *window, const int8_t *weights, int16_t *packed);

// Each output's Σ |weight|. Source [outputs][depth].
void swl_weight_magnitudes(const int8_t *weights, int64_t outputs, int64_t depth, int64_t *magnitudes);
// The largest magnitude that any sum of any input can reach: |bias| + Σ |weight| × largest_input, over all outputs.
int64_t swl_largest_sum(const int64_t *magnitudes, const int32_t *bias, int64_t outputs, int32_t largest_input);

// Says whether a requantisation is narrow, for sums of each channel of at most |bias| + magnitude × largest_input.
void swl_mark_narrow(struct swl_requantisation *requantisation, int64_t channels, const int64_t *magnitudes, int32_t largest_input);

// Fills in all but groups, their inputs and outputs, depth and rows, which are set, for a kernel and a number of threads.
void swl_plan_blocking(const struct swl_kernel *kernel, int64_t element_size, int32_t threads, const struct swl_window *window,
                       struct swl_blocking *blocking);
int64_t swl_blocking_items(const struct swl_blocking *blocking);
// Scratch bytes that one thread needs.
int64_t swl_convolution_scratch(const struct swl_kernel *kernel, const struct swl_blocking *blocking, int64_t element_size);
int64_t swl_rounded_scratch(const struct swl_kernel *kernel, const struct swl_blocking *blocking, bool is_pointwise, int32_t planes);
// The most depth at which no sum of an unsigned and a signed byte's products passes 32 bits.
#define SWL_ROUNDED_DEPTH 65536
// Each output's sum of weights times its scale. Source [outputs][depth].
void swl_rounded_offsets(const int8_t *weights, const float *scales, int64_t outputs, int64_t depth, float *offsets);
int64_t swl_depthwise_scratch(const struct swl_window *window);
// Items of the integer family: rows, or rows of blocks of channels. The float family's are rows.
int64_t swl_depthwise_q8_items(const struct swl_kernel *kernel, const struct swl_window *window);

#endif
