// Compares every kernel with its family's first, the scalar oracle, over seeded random cases: integers and elementwise
// floats bit for bit, sums of floats within a tolerance; and every kernel with itself when its items come one by one and
// in reverse, as threads may take them. Plain C, so that it builds for any target: see run-on-arm.sh and run-natively.sh.
//
//   driver [CASES]      prints "N passed, N failed"; exits 1 after a failure
//   driver --bench      prints multiplications a second of the convolution kernels on typical layers
#include "CKernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t state;

static uint64_t random_bits(void) { // SplitMix64
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}
static int32_t random_in(int32_t low, int32_t high) { return low + (int32_t)(random_bits() % (uint64_t)(high - low + 1)); }
static float random_float(float low, float high) { return low + (high - low) * (float)(random_bits() >> 40) / 16777216.0f; }

// What one case runs: the arguments differ between kernels only in where they write and how weights are packed.
struct trial {
  const struct swl_kernel *kernel;
  const void *arguments;
  int64_t items, scratch;
  void *output;
  int64_t output_size;
};

#define MAXIMUM_BLOCKS 64
static void *blocks[MAXIMUM_BLOCKS];
static int block_count;

// Exactly the bytes asked for, so that sanitizers see the first byte beyond. Freed at the end of the case.
static void *take(int64_t size) {
  if (block_count == MAXIMUM_BLOCKS) abort();
  void *block = malloc(size > 0 ? (size_t)size : 1);
  if (!block) abort();
  return blocks[block_count++] = block;
}
// Where a kernel writes: at any multiple of its elements' size, as parts of joins lie, with others' bytes on both sides. Those behind it are left to
// the address sanitizer where there is one; emulated processors have none.
#if defined(__SANITIZE_ADDRESS__)
#define GUARD 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GUARD 0
#endif
#endif
#ifndef GUARD
#define GUARD 64
#endif
#define GUARD_BYTE 0xC3
static struct output {
  uint8_t *bytes;
  int64_t before, size;
} outputs[MAXIMUM_BLOCKS];
static int output_count;

static void *take_output(int64_t size, int64_t element) {
  const int64_t before = random_in(0, 8) * element;
  uint8_t *block = take(before + size + GUARD);
  memset(block, GUARD_BYTE, (size_t)(before + size + GUARD));
  outputs[output_count++] = (struct output){block, before, size};
  return block + before;
}
// Whether the bytes beside all outputs are what they were; frees everything.
static bool free_blocks(void) {
  bool is_whole = true;
  while (output_count > 0) {
    const struct output o = outputs[--output_count];
    for (int64_t i = 0; i < o.before + o.size + GUARD; i++) is_whole = is_whole && ((i >= o.before && i < o.before + o.size) || o.bytes[i] == GUARD_BYTE);
  }
  while (block_count > 0) free(blocks[--block_count]);
  return is_whole;
}
static void *take_bytes(int64_t size) {
  uint8_t *block = take(size);
  for (int64_t i = 0; i < size; i++) block[i] = (uint8_t)random_bits();
  return block;
}
// Weights from narrow to full-range, and inputs that are sometimes at their ends, so that sums of few products reach theirs.
static int8_t *take_weights(int64_t size) {
  int8_t *block = take_bytes(size);
  int32_t shift = random_in(0, 4);
  for (int64_t i = 0; i < size; i++) block[i] = random_in(0, 63) ? (int8_t)(block[i] >> shift) : (int8_t)(random_in(0, 1) ? 127 : -128);
  return block;
}
static uint8_t *take_input(int64_t size) {
  uint8_t *block = take_bytes(size);
  if (random_in(0, 2) == 0) {
    for (int64_t i = 0; i < size; i++) block[i] = block[i] & 7 ? 255 : 0;
  }
  return block;
}
static float *take_floats(int64_t count, float low, float high) {
  float *block = take(count * 4);
  for (int64_t i = 0; i < count; i++) block[i] = random_float(low, high);
  return block;
}

static void run_whole(const struct trial *t) {
  void *scratch = aligned_alloc(64, (size_t)(t->scratch + 63) / 64 * 64 + (t->scratch == 0 ? 64 : 0));
  memset(t->output, 0x5A, (size_t)t->output_size);
  t->kernel->function(t->arguments, scratch, 0, t->items);
  free(scratch);
}
static void run_backwards(const struct trial *t) {
  void *scratch = aligned_alloc(64, (size_t)(t->scratch + 63) / 64 * 64 + (t->scratch == 0 ? 64 : 0));
  memset(t->output, 0xA5, (size_t)t->output_size);
  for (int64_t item = t->items; item-- > 0;) t->kernel->function(t->arguments, scratch, item, item + 1);
  free(scratch);
}

static struct swl_window random_window(bool depthwise) {
  struct swl_window w = {.batch = random_in(1, 2), .stride_height = random_in(1, 2), .stride_width = random_in(1, 2)};
  bool pointwise = !depthwise && random_in(0, 2) == 0;
  w.kernel_height = pointwise ? 1 : random_in(1, 5);
  w.kernel_width = pointwise ? 1 : random_in(1, 5);
  w.dilation_height = random_in(0, 3) ? 1 : 2;
  w.dilation_width = random_in(0, 3) ? 1 : 2;
  if (pointwise) w.stride_height = w.stride_width = 1;
  // Depthwise kernels have a walk of their own for these.
  if (depthwise && random_in(0, 3)) w.kernel_height = w.kernel_width = 3 + 2 * random_in(0, 1), w.dilation_height = w.dilation_width = 1;
  if (!pointwise) w.pad_top = random_in(0, 3), w.pad_left = random_in(0, 3), w.pad_bottom = random_in(0, 3), w.pad_right = random_in(0, 3);
  int32_t height = (w.kernel_height - 1) * w.dilation_height + 1, width = (w.kernel_width - 1) * w.dilation_width + 1;
  // Images may be smaller than the kernel where padding makes up for it.
  int32_t least_height = height - w.pad_top - w.pad_bottom, least_width = width - w.pad_left - w.pad_right;
  w.input_height = random_in(0, 3) ? height + random_in(0, 9) : random_in(least_height > 1 ? least_height : 1, height);
  w.input_width = random_in(0, 3) ? width + random_in(0, 9) : random_in(least_width > 1 ? least_width : 1, width);
  w.output_height = (w.input_height + w.pad_top + w.pad_bottom - height) / w.stride_height + 1;
  w.output_width = (w.input_width + w.pad_left + w.pad_right - width) / w.stride_width + 1;
  // Programs may ask for less than the window gives.
  if (random_in(0, depthwise ? 1 : 3) == 0) w.output_height = random_in(1, w.output_height), w.output_width = random_in(1, w.output_width);
  return w;
}

// Lines so long that a block holds few of them, or none.
static void widen_image(struct swl_window *w) {
  w->input_channels = random_in(1, 16), w->output_channels = random_in(1, 4);
  w->kernel_height = random_in(1, 3), w->kernel_width = random_in(2, 4), w->dilation_height = w->dilation_width = 1;
  w->input_height = w->kernel_height + random_in(0, 2), w->input_width = random_in(800, 3000);
  w->output_height = (w->input_height + w->pad_top + w->pad_bottom - w->kernel_height) / w->stride_height + 1;
  w->output_width = (w->input_width + w->pad_left + w->pad_right - w->kernel_width) / w->stride_width + 1;
}

static bool is_pointwise(const struct swl_window *w) {
  return w->output_height == w->input_height && w->output_width == w->input_width && w->kernel_height * w->kernel_width == 1 &&
         w->stride_height * w->stride_width == 1 && w->pad_top + w->pad_left + w->pad_bottom + w->pad_right == 0;
}

static int64_t input_size(const struct swl_window *w) { return (int64_t)w->batch * w->input_height * w->input_width * w->input_channels; }
static int64_t output_size(const struct swl_window *w) { return (int64_t)w->batch * w->output_height * w->output_width * w->output_channels; }

static struct swl_blocking blocking_of(const struct swl_window *w, int32_t groups) {
  struct swl_blocking b = {.groups = groups, .group_inputs = w->input_channels / groups, .group_outputs = w->output_channels / groups};
  b.depth = (int64_t)w->kernel_height * w->kernel_width * b.group_inputs;
  b.rows = (int64_t)w->batch * w->output_height * w->output_width;
  return b;
}

// Each channel's Σ |weight| for weights of the largest magnitude.
static int64_t *take_magnitudes(int64_t channels, int64_t depth) {
  int64_t *magnitudes = take(channels * 8);
  for (int64_t i = 0; i < channels; i++) magnitudes[i] = depth * 128;
  return magnitudes;
}

static struct swl_requantisation random_requantisation(int64_t channels, int64_t depth, int64_t outputs) {
  int32_t *bias = take(channels * 4);
  for (int64_t i = 0; i < channels; i++) bias[i] = random_in(-20000, 20000);
  float spread = 1.0f / (sqrtf((float)depth) * 120.0f);
  struct swl_requantisation r = {
      .bias = bias,
      .multipliers = take_floats(channels, spread / 4, spread),
      .middle_lower = -90,
      .middle_upper = 100,
      .middle_zero_point = 20,
      .table = random_in(0, 2) ? NULL : take_bytes(256),
      .table_zero_point = 11,
      .output_flip = 0x80,
      .residual = random_in(0, 2) ? NULL : take_bytes(outputs),
      .residual_flip = random_in(0, 1) * 0x80,
      .residual_zero_point = random_in(-100, 100),
      .middle_scale = random_float(0.02f, 0.15f),
      .residual_scale = random_float(0.02f, 0.15f),
      .output_scale = random_float(0.05f, 0.2f),
      .output_lower = -120,
      .output_upper = 120,
      .output_zero_point = 7,
  };
  // What unsigned bytes behind a rectification are most often: the whole range, from 0 on.
  if (random_in(0, 2) == 0) {
    r.middle_zero_point = 0, r.middle_lower = 0, r.middle_upper = random_in(0, 3) ? 255 : 200;
    r.output_flip = 0, r.output_lower = -7, r.output_upper = 240;
  }
  // Quotients at ties, or a rounding beside them.
  if (random_in(0, 3) == 0) r.residual_scale = r.middle_scale, r.output_scale = r.middle_scale * (random_in(0, 1) ? 2.0f : 6.0f);
  if (!r.table && random_in(0, 1)) {
    r.gates = take_bytes(256), r.gate_factor = random_in(40, 4000);
    r.multipliers = take_floats(channels, spread * 60, spread * 250);
  }
  // The largest sum of full-range operands; sometimes nothing is known.
  if (random_in(0, 3)) swl_mark_narrow(&r, channels, take_magnitudes(channels, depth), 255);
  return r;
}

// The two trials of one case; [0] is the oracle's.
typedef void (*make_case)(const struct swl_kernel *const kernels[2], struct trial trials[2]);


static void finish(const struct swl_kernel *const kernels[2], struct trial trials[2], const void *first, const void *second, int64_t items, int64_t scratch,
                   int64_t size) {
  const void *arguments[2] = {first, second};
  for (int i = 0; i < 2; i++) {
    trials[i].kernel = kernels[i];
    trials[i].arguments = arguments[i];
    trials[i].items = items;
    trials[i].scratch = scratch;
    trials[i].output_size = size;
  }
}

static int32_t random_groups(struct swl_window *w) {
  int32_t groups = random_in(0, 2) ? 1 : random_in(2, 4);
  w->input_channels = groups * random_in(1, 37);
  w->output_channels = groups * (random_in(0, 3) ? random_in(1, 40) : random_in(41, 110));
  return groups;
}

#include "panels.h"

// What the packing says that it took, and no byte more.
static const int8_t *take_packed(const struct swl_kernel *kernel, const struct swl_blocking *b, const int8_t *weights) {
  const int64_t most = swl_packed_weights_size(kernel, b, 1);
  int8_t *packed = take(most);
  const int64_t used = swl_pack_weights_q8(kernel, b, weights, packed);
  if (used > most) abort();
  check_panels(kernel, b, weights, packed);
  int8_t *exact = take(used);
  memcpy(exact, packed, (size_t)used);
  return exact;
}

// Panels so deep that kernels ask for the next one while they multiply: rows of one pixel.
static void deepen(struct swl_window *w) {
  w->kernel_height = w->kernel_width = w->stride_height = w->stride_width = w->dilation_height = w->dilation_width = 1;
  w->pad_top = w->pad_left = w->pad_bottom = w->pad_right = 0;
  w->batch = 1, w->input_height = w->output_height = random_in(1, 2), w->input_width = w->output_width = random_in(1, 3);
  w->input_channels = random_in(1536, 2100), w->output_channels = random_in(1, 40);
}

static void case_convolution_q8(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_convolution_q8 arguments[2];
  struct swl_window w = random_window(false);
  int32_t groups = random_groups(&w), threads = random_in(1, 4);
  if (random_in(0, 19) == 0) groups = 1, widen_image(&w);
  if (random_in(0, 39) == 0) groups = 1, deepen(&w);
  struct swl_blocking b = blocking_of(&w, groups);
  int8_t *weights = take_weights(w.output_channels * b.depth);
  struct swl_convolution_q8 c = {
      .input = take_input(input_size(&w)), .is_pointwise = is_pointwise(&w), .window = w, .input_flip = random_in(0, 1) * 0x80,
      .requantisation = random_requantisation(w.output_channels, b.depth, output_size(&w))};
  c.input_zero_point = random_in(0, 255) - c.input_flip;
  finish(kernels, trials, &arguments[0], &arguments[1], 0, 0, output_size(&w));
  for (int i = 0; i < 2; i++) {
    c.blocking = b;
    swl_plan_blocking(kernels[i], 2, threads, &w, &c.blocking);
    c.weights = take_packed(kernels[i], &c.blocking, weights);
    c.output = trials[i].output = take_output(output_size(&w), 1);
    trials[i].items = swl_blocking_items(&c.blocking);
    trials[i].scratch = swl_convolution_scratch(kernels[i], &c.blocking, 2);
    arguments[i] = c;
  }
}

// The oracle is the plain convolution.
static void case_winograd_q8(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_convolution_q8 plain;
  static struct swl_winograd_q8 arguments;
  const struct swl_kernel *oracle = swl_kernel_for(SWL_CONVOLUTION_Q8, SWL_SCALAR);
  struct swl_window w = random_window(false);
  w.kernel_height = w.kernel_width = 3, w.dilation_height = w.dilation_width = 1, w.stride_height = w.stride_width = 1;
  w.input_channels = 16 * random_in(1, 7), w.output_channels = random_in(1, 50);
  w.input_height = random_in(3, 15), w.input_width = random_in(3, 15);
  w.output_height = w.input_height + w.pad_top + w.pad_bottom - 2, w.output_width = w.input_width + w.pad_left + w.pad_right - 2;
  struct swl_blocking b = blocking_of(&w, 1);
  int8_t *weights = take_weights(w.output_channels * b.depth);
  plain = (struct swl_convolution_q8){
      .input = take_input(input_size(&w)), .window = w, .input_flip = random_in(0, 1) * 0x80,
      .requantisation = random_requantisation(w.output_channels, b.depth, output_size(&w)), .output = take_output(output_size(&w), 1)};
  plain.input_zero_point = random_in(0, 255) - plain.input_flip;
  plain.blocking = b;
  swl_plan_blocking(oracle, 2, 1, &w, &plain.blocking);
  int8_t *packed = take(swl_packed_weights_size(oracle, &plain.blocking, 1));
  swl_pack_weights_q8(oracle, &plain.blocking, weights, packed);
  plain.weights = packed;
  arguments = (struct swl_winograd_q8){
      .input = plain.input, .window = w, .input_flip = plain.input_flip, .input_zero_point = plain.input_zero_point, .requantisation = plain.requantisation,
      .output = take_output(output_size(&w), 1)};
  const int32_t size = random_in(0, 1) ? 4 : 2;
  swl_plan_winograd(&w, size, random_in(1, 4), &arguments.blocking);
  int16_t *transformed = take(swl_packed_winograd_q8_size(&w, size));
  swl_pack_winograd_q8(&w, size, weights, transformed);
  arguments.weights = transformed;
  if (!swl_winograd_is_exact(&w, size, 1, 20000 + b.depth * 255 * 128)) abort();
  finish(kernels, trials, &plain, &arguments, 0, 0, output_size(&w));
  trials[0].kernel = oracle;
  trials[0].output = plain.output, trials[1].output = arguments.output;
  trials[0].items = swl_blocking_items(&plain.blocking), trials[1].items = swl_winograd_items(&arguments.blocking);
  trials[0].scratch = swl_convolution_scratch(oracle, &plain.blocking, 2), trials[1].scratch = swl_winograd_scratch(&w, &arguments.blocking);
}

static struct swl_epilogue_f32 random_epilogue(int64_t channels, int64_t outputs) {
  static const int32_t functions[] = {SWL_IDENTITY, SWL_CLAMP, SWL_SILU, SWL_LEAKY_RELU, SWL_TANH};
  return (struct swl_epilogue_f32){
      .bias = take_floats(channels, -1, 1), .residual = random_in(0, 2) ? NULL : take_floats(outputs, -1, 1), .function = functions[random_in(0, 4)],
      .alpha = 0.1f, .beta = 6, .lower = random_in(0, 1) ? -INFINITY : 0, .upper = INFINITY};
}

static void case_convolution_f32(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_convolution_f32 arguments[2];
  struct swl_window w = random_window(false);
  int32_t groups = random_groups(&w), threads = random_in(1, 4);
  struct swl_blocking b = blocking_of(&w, groups);
  float range = 1.0f / sqrtf((float)b.depth), *weights = take_floats(w.output_channels * b.depth, -range, range);
  struct swl_narrow_weights narrow = {.bits = random_in(0, 1) ? 0 : random_in(1, 2) * 4, .group = random_in(1, 40) * 2};
  const uint8_t *narrow_weights = take_bytes(w.output_channels * b.depth);
  const float *scales = take_floats(w.output_channels * (b.depth + 1) / 2 + w.output_channels, range / 256, range / 128);
  struct swl_convolution_f32 c = {
      .input = take_floats(input_size(&w), -1, 1), .window = w, .epilogue = random_epilogue(w.output_channels, output_size(&w)),
      .is_pointwise = is_pointwise(&w)};
  finish(kernels, trials, &arguments[0], &arguments[1], 0, 0, output_size(&w) * 4);
  for (int i = 0; i < 2; i++) {
    c.blocking = b;
    swl_plan_blocking(kernels[i], 4, threads, &w, &c.blocking);
    if (narrow.bits) {
      uint8_t *packed = take(swl_packed_narrow_size(kernels[i], &c.blocking, &narrow));
      swl_pack_narrow_weights(kernels[i], &c.blocking, &narrow, narrow_weights, scales, packed);
      c.narrow = narrow, c.narrow.panels = packed, c.weights = NULL;
    } else {
      float *packed = take(swl_packed_weights_size(kernels[i], &c.blocking, 4));
      swl_pack_weights_f32(kernels[i], &c.blocking, weights, packed);
      c.weights = packed;
    }
    c.output = trials[i].output = take_output(output_size(&w) * 4, 4);
    trials[i].items = swl_blocking_items(&c.blocking);
    trials[i].scratch = swl_convolution_scratch(kernels[i], &c.blocking, 4) + (narrow.bits ? swl_expanded_panel_size(kernels[i], &c.blocking) : 0);
    arguments[i] = c;
  }
}

static void case_depthwise_q8(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_depthwise_q8 arguments[2];
  struct swl_window w = random_window(true);
  w.input_channels = w.output_channels = random_in(0, 2) ? random_in(1, 70) : random_in(71, 220);
  int64_t taps = (int64_t)w.kernel_height * w.kernel_width;
  int8_t *weights = take_weights(w.input_channels * taps);
  struct swl_depthwise_q8 d = {
      .input = take_input(input_size(&w)), .window = w, .input_flip = random_in(0, 1) * 0x80,
      .requantisation = random_requantisation(w.output_channels, taps, output_size(&w))};
  d.input_zero_point = random_in(0, 255) - d.input_flip;
  uint8_t *padding = take(w.input_channels);
  memset(padding, d.input_zero_point, (size_t)w.input_channels);
  d.padding = padding;
  finish(kernels, trials, &arguments[0], &arguments[1], 0, swl_depthwise_scratch(&w), output_size(&w));
  for (int i = 0; i < 2; i++) {
    trials[i].items = swl_depthwise_q8_items(kernels[i], &w);
    int16_t *packed = take(swl_packed_depthwise_q8_size(kernels[i], &w));
    swl_pack_depthwise_q8(kernels[i], &w, weights, packed);
    d.weights = packed;
    d.output = trials[i].output = take_output(output_size(&w), 1);
    arguments[i] = d;
  }
}

static void case_depthwise_f32(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_depthwise_f32 arguments[2];
  struct swl_window w = random_window(true);
  w.input_channels = w.output_channels = random_in(1, 70);
  float *padding = take(w.input_channels * 4);
  memset(padding, 0, (size_t)w.input_channels * 4);
  struct swl_depthwise_f32 d = {
      .input = take_floats(input_size(&w), -1, 1), .weights = take_floats((int64_t)w.kernel_height * w.kernel_width * w.input_channels, -1, 1),
      .padding = padding, .window = w, .epilogue = random_epilogue(w.output_channels, output_size(&w))};
  finish(kernels, trials, &arguments[0], &arguments[1], (int64_t)w.batch * w.output_height, swl_depthwise_scratch(&w), output_size(&w) * 4);
  for (int i = 0; i < 2; i++) {
    d.output = trials[i].output = take_output(output_size(&w) * 4, 4);
    arguments[i] = d;
  }
}

static void pooling(const struct swl_kernel *const kernels[2], struct trial trials[2], int64_t element_size) {
  static struct swl_pooling arguments[2];
  struct swl_window w = random_window(true);
  w.input_channels = w.output_channels = random_in(1, 50);
  struct swl_pooling p = {
      .input = element_size == 1 ? take_bytes(input_size(&w)) : (void *)take_floats(input_size(&w), -1, 1), .window = w, .is_average = random_in(0, 1),
      .counts_padding = random_in(0, 1), .input_flip = random_in(0, 1) * 0x80, .input_zero_point = 13, .output_zero_point = 5, .scale_ratio = 1.7f,
      .output_lower = -133, .output_upper = 122};
  finish(kernels, trials, &arguments[0], &arguments[1], (int64_t)w.batch * w.output_height, swl_pooling_scratch(&w), output_size(&w) * element_size);
  for (int i = 0; i < 2; i++) {
    p.output = trials[i].output = take_output(output_size(&w) * element_size, element_size);
    arguments[i] = p;
  }
}
static void case_pooling_q8(const struct swl_kernel *const kernels[2], struct trial trials[2]) { pooling(kernels, trials, 1); }
static void case_pooling_f32(const struct swl_kernel *const kernels[2], struct trial trials[2]) { pooling(kernels, trials, 4); }

static int64_t chunks(int64_t count) { return (count + SWL_CHUNK - 1) / SWL_CHUNK; }

static void binary(const struct swl_kernel *const kernels[2], struct trial trials[2], int64_t element_size) {
  static struct swl_binary arguments[2];
  int64_t outer = random_in(1, 9), inner = random_in(1, 3) == 1 ? random_in(4000, 9000) : random_in(1, 300), count = outer * inner;
  struct swl_binary b = {
      .left = element_size == 1 ? take_bytes(count) : (void *)take_floats(count, 0.1f, 3),
      .right = element_size == 1 ? take_bytes(count) : (void *)take_floats(count, 0.1f, 3),
      .operation = random_in(0, element_size == 1 ? 5 : 6), .axes = 2, .extents = {outer, inner}, .left_strides = {random_in(0, 3) ? inner : 0, 1},
      .right_strides = {random_in(0, 1) * inner, random_in(0, 1)}, .chunks = chunks(inner), .lower = -INFINITY, .upper = random_in(0, 1) ? 2 : INFINITY,
      .left_scale = 0.03f, .right_scale = 0.02f, .output_scale = 0.04f, .left_flip = random_in(0, 1) * 0x80, .right_flip = random_in(0, 1) * 0x80,
      .left_zero_point = 3, .right_zero_point = 4, .output_zero_point = -5, .output_lower = -123, .output_upper = 132};
  finish(kernels, trials, &arguments[0], &arguments[1], outer * b.chunks, 0, count * element_size);
  for (int i = 0; i < 2; i++) {
    b.output = trials[i].output = take_output(count * element_size, element_size);
    arguments[i] = b;
  }
}
static void case_binary_q8(const struct swl_kernel *const kernels[2], struct trial trials[2]) { binary(kernels, trials, 1); }
static void case_binary_f32(const struct swl_kernel *const kernels[2], struct trial trials[2]) { binary(kernels, trials, 4); }

static void case_unary_f32(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_unary arguments[2];
  int64_t count = random_in(1, 10000);
  struct swl_unary u = {.input = take_floats(count, -20, 20), .count = count, .function = random_in(0, SWL_SWISH), .alpha = 0.3f, .beta = 0.5f};
  finish(kernels, trials, &arguments[0], &arguments[1], chunks(count), 0, count * 4);
  for (int i = 0; i < 2; i++) {
    u.output = trials[i].output = take_output(count * 4, 4);
    arguments[i] = u;
  }
}

static void case_lookup(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_lookup arguments[2];
  int64_t count = random_in(1, 10000);
  struct swl_lookup l = {.input = take_bytes(count), .table = take_bytes(256), .count = count};
  finish(kernels, trials, &arguments[0], &arguments[1], chunks(count), 0, count);
  for (int i = 0; i < 2; i++) {
    l.output = trials[i].output = take_output(count, 1);
    arguments[i] = l;
  }
}

static void conversion(const struct swl_kernel *const kernels[2], struct trial trials[2], bool quantises) {
  static struct swl_conversion arguments[2];
  int64_t count = random_in(1, 10000), size = quantises ? count : count * 4;
  struct swl_conversion c = {
      .input = quantises ? (void *)take_floats(count, -20, 20) : take_bytes(count), .count = count, .scale = random_float(0.01f, 0.2f), .zero_point = 9,
      .flip = random_in(0, 1) * 0x80, .lower = -137, .upper = 118};
  finish(kernels, trials, &arguments[0], &arguments[1], chunks(count), 0, size);
  for (int i = 0; i < 2; i++) {
    c.output = trials[i].output = take_output(size, quantises ? 1 : 4);
    arguments[i] = c;
  }
}
static void case_quantise(const struct swl_kernel *const kernels[2], struct trial trials[2]) { conversion(kernels, trials, true); }
static void case_dequantise(const struct swl_kernel *const kernels[2], struct trial trials[2]) { conversion(kernels, trials, false); }

static void case_softmax_f32(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_softmax arguments[2];
  int64_t rows = random_in(1, 9), width = random_in(1, 300);
  struct swl_softmax s = {.input = take_floats(rows * width, -20, 20), .width = width, .is_logarithmic = random_in(0, 1)};
  finish(kernels, trials, &arguments[0], &arguments[1], rows, 0, rows * width * 4);
  for (int i = 0; i < 2; i++) {
    s.output = trials[i].output = take_output(rows * width * 4, 4);
    arguments[i] = s;
  }
}

static void case_copy(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_copy arguments[2];
  static const int32_t sizes[] = {1, 2, 4, 8};
  int64_t rows = random_in(1, 60), columns = random_in(1, 3) == 1 ? random_in(4000, 9000) : random_in(1, 60), count = rows * columns;
  bool transposes = random_in(0, 1);
  struct swl_copy c = {
      .element_size = sizes[random_in(0, 3)], .axes = 2, .extents = {rows, columns}, .input_strides = {transposes ? 1 : columns, transposes ? rows : 1},
      .output_strides = {columns, 1}, .chunks = chunks(columns)};
  if (random_in(0, 2) == 0) {
    // Groups of channels that alternate, and pixels of few channels, with others between them.
    const int64_t groups = random_in(1, 5), width = random_in(1, 40), before = random_in(0, 3);
    rows = random_in(1, 20), count = rows * width * (groups + before) + before;
    c.axes = 3, c.extents[0] = rows, c.extents[1] = width, c.extents[2] = groups, c.chunks = 1;
    c.input_strides[0] = width * (groups + before), c.input_strides[1] = transposes ? 1 : groups + before, c.input_strides[2] = transposes ? width : 1;
    c.output_strides[0] = width * groups, c.output_strides[1] = groups, c.output_strides[2] = 1;
    c.input = take_bytes(count * c.element_size);
    count = rows * width * groups, rows *= width;
  } else {
    c.input = take_bytes(count * c.element_size);
  }
  finish(kernels, trials, &arguments[0], &arguments[1], rows * c.chunks, 0, count * c.element_size);
  for (int i = 0; i < 2; i++) {
    c.output = trials[i].output = take_output(count * c.element_size, c.element_size);
    arguments[i] = c;
  }
}

static void case_fill(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_fill arguments[2];
  static const int32_t sizes[] = {1, 2, 4, 8};
  struct swl_fill f = {.count = random_in(1, 10000), .element_size = sizes[random_in(0, 3)], .pattern = random_bits()};
  finish(kernels, trials, &arguments[0], &arguments[1], chunks(f.count), 0, f.count * f.element_size);
  for (int i = 0; i < 2; i++) {
    f.output = trials[i].output = take_output(f.count * f.element_size, f.element_size);
    arguments[i] = f;
  }
}

static void reduction(const struct swl_kernel *const kernels[2], struct trial trials[2], int64_t element_size) {
  static struct swl_reduction arguments[2];
  static const int32_t integer_kinds[] = {SWL_MEAN, SWL_REDUCE_MAXIMUM, SWL_REDUCE_MINIMUM};
  int64_t outer = random_in(1, 5), reduced = random_in(1, 99), inner = random_in(0, 1) ? 1 : random_in(1, 150), count = outer * reduced * inner;
  struct swl_reduction r = {
      .input = element_size == 1 ? take_bytes(count) : (void *)take_floats(count, -1, 1),
      .kind = element_size == 1 ? integer_kinds[random_in(0, 2)] : random_in(0, SWL_LOG_SUM_EXP), .outer = outer, .reduced = reduced, .inner = inner,
      .flip = random_in(0, 1) * 0x80, .input_zero_point = 4, .output_zero_point = 6, .factor = 2.5f / (float)reduced,
      .output_lower = -134, .output_upper = 121};
  int64_t items = outer * ((inner + SWL_REDUCTION_CHUNK - 1) / SWL_REDUCTION_CHUNK);
  finish(kernels, trials, &arguments[0], &arguments[1], items, 0, outer * inner * element_size);
  for (int i = 0; i < 2; i++) {
    r.output = trials[i].output = take_output(outer * inner * element_size, element_size);
    arguments[i] = r;
  }
}
static void case_reduction_q8(const struct swl_kernel *const kernels[2], struct trial trials[2]) { reduction(kernels, trials, 1); }
static void case_reduction_f32(const struct swl_kernel *const kernels[2], struct trial trials[2]) { reduction(kernels, trials, 4); }

static void resize(const struct swl_kernel *const kernels[2], struct trial trials[2], int64_t element_size) {
  static struct swl_resize arguments[2];
  struct swl_resize r = {
      .batch = random_in(1, 2), .input_height = random_in(1, 9), .input_width = random_in(1, 9),
      .output_height = random_in(1, 17), .output_width = random_in(1, 17),
      .channels = random_in(1, 40), .flip = random_in(0, 1) * 0x80};
  int64_t count = (int64_t)r.batch * r.input_height * r.input_width * r.channels,
      size = (int64_t)r.batch * r.output_height * r.output_width * r.channels * element_size;
  r.input = element_size == 1 ? take_bytes(count) : (void *)take_floats(count, -1, 1);
  int32_t *rows = take(r.output_height * 8), *columns = take(r.output_width * 8);
  for (int32_t i = 0; i < 2 * r.output_height; i++) rows[i] = random_in(0, r.input_height - 1);
  for (int32_t i = 0; i < 2 * r.output_width; i++) columns[i] = random_in(0, r.input_width - 1);
  const float ranges[][2] = {{0, 0}, {0, 1}, {-1, 2}, {-4096, 4096}};
  const float *range = ranges[random_in(0, 3)];
  r.rows = rows;
  r.columns = columns;
  r.row_fractions = take_floats(r.output_height, range[0], range[1]);
  r.column_fractions = take_floats(r.output_width, range[0], range[1]);
  finish(kernels, trials, &arguments[0], &arguments[1], (int64_t)r.batch * r.output_height, 0, size);
  for (int i = 0; i < 2; i++) {
    r.output = trials[i].output = take_output(size, element_size);
    arguments[i] = r;
  }
}
static void case_resize_q8(const struct swl_kernel *const kernels[2], struct trial trials[2]) { resize(kernels, trials, 1); }
static void case_resize_f32(const struct swl_kernel *const kernels[2], struct trial trials[2]) { resize(kernels, trials, 4); }

static void case_matrix_product_f32(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_matrix_product arguments[2];
  struct swl_matrix_product p = {.batch = random_in(1, 3), .m = random_in(1, 20), .n = random_in(1, 40),
      .k = random_in(1, 90), .is_right_transposed = random_in(0, 1)};
  p.left_batch_stride = p.m * p.k;
  p.right_batch_stride = random_in(0, 1) * p.k * p.n;
  float range = 1.0f / sqrtf((float)p.k);
  p.left = take_floats(p.batch * p.m * p.k, -1, 1);
  p.right = take_floats((p.right_batch_stride ? p.batch : 1) * p.k * p.n, -range, range);
  finish(kernels, trials, &arguments[0], &arguments[1], 0, 0, p.batch * p.m * p.n * 4);
  for (int i = 0; i < 2; i++) {
    p.panels = (p.n + kernels[i]->columns - 1) / kernels[i]->columns;
    p.output = trials[i].output = take_output(p.batch * p.m * p.n * 4, 4);
    trials[i].items = p.batch * p.panels;
    trials[i].scratch = swl_matrix_product_scratch(kernels[i], p.k);
    arguments[i] = p;
  }
}

#include "whole.h"
#include "recurrent.h"
#include "sequence.h"
#include "rounded.h"

struct family_test {
  make_case make;
  bool sums_floats;
};

static const struct family_test tests[SWL_FAMILY_COUNT] = {
    [SWL_CONVOLUTION_Q8] = {case_convolution_q8, false},
    [SWL_CONVOLUTION_F32] = {case_convolution_f32, true},
    [SWL_DEPTHWISE_Q8] = {case_depthwise_q8, false},
    [SWL_DEPTHWISE_F32] = {case_depthwise_f32, false},
    [SWL_POOLING_Q8] = {case_pooling_q8, false},
    [SWL_POOLING_F32] = {case_pooling_f32, false},
    [SWL_BINARY_Q8] = {case_binary_q8, false},
    [SWL_BINARY_F32] = {case_binary_f32, false},
    [SWL_UNARY_F32] = {case_unary_f32, false},
    [SWL_LOOKUP] = {case_lookup, false},
    [SWL_QUANTISE] = {case_quantise, false},
    [SWL_DEQUANTISE] = {case_dequantise, false},
    [SWL_SOFTMAX_F32] = {case_softmax_f32, false},
    [SWL_COPY] = {case_copy, false},
    [SWL_FILL] = {case_fill, false},
    [SWL_REDUCTION_Q8] = {case_reduction_q8, false},
    [SWL_REDUCTION_F32] = {case_reduction_f32, false},
    [SWL_RESIZE_Q8] = {case_resize_q8, false},
    [SWL_RESIZE_F32] = {case_resize_f32, false},
    [SWL_MATRIX_PRODUCT_F32] = {case_matrix_product_f32, true},
    [SWL_ARITHMETIC] = {case_arithmetic, false},
    [SWL_MAPPING] = {case_mapping, false},
    [SWL_CAST] = {case_cast, false},
    [SWL_SELECT] = {case_select, false},
    [SWL_GATHER] = {case_gather, false},
    [SWL_SCATTER] = {case_scatter, false},
    [SWL_ARG_REDUCTION] = {case_arg_reduction, false},
    [SWL_TOP_K] = {case_top_k, false},
    [SWL_CUMULATIVE_SUM] = {case_cumulative_sum, false},
    [SWL_REDUCTION_WHOLE] = {case_reduction_whole, false},
    [SWL_RECURRENCE_F32] = {case_recurrence_f32, true},
    [SWL_CONVOLUTION_Q32] = {case_convolution_q32, false},
    [SWL_WINOGRAD_Q8] = {case_winograd_q8, false},
    [SWL_CONVOLUTION_ROUNDED] = {case_convolution_rounded, false},
    [SWL_ATTENTION_F32] = {case_attention_f32, true},
    [SWL_ATTENTION_F16] = {case_attention_f16, true},
    [SWL_ROTATION_F32] = {case_rotation_f32, false},
    [SWL_NORMALISATION_F32] = {case_normalisation_f32, false},
};

static bool agree(const struct trial *actual, const struct trial *expected, bool sums_floats) {
  if (!sums_floats) return memcmp(actual->output, expected->output, (size_t)actual->output_size) == 0;
  const float *a = actual->output, *e = expected->output;
  for (int64_t i = 0; i < actual->output_size / 4; i++) {
    float tolerance = 2e-5f * (fabsf(e[i]) > 1 ? fabsf(e[i]) : 1);
    if (!(fabsf(a[i] - e[i]) <= tolerance)) return false;
  }
  return true;
}

static int passed, failed;

static void report(bool success, const struct swl_kernel *kernel, int seed, const char *what) {
  if (success) {
    passed++;
  } else {
    failed++;
    printf("%s, case %d: %s\n", kernel->name, seed, what);
  }
}

static void test_kernel(enum swl_family family, const struct swl_kernel *kernel, const struct swl_kernel *oracle, int cases) {
  for (int seed = 0; seed < cases; seed++) {
    state = (uint64_t)seed * 7919 + (uint64_t)family * 104729;
    struct trial trials[2];
    tests[family].make((const struct swl_kernel *const[2]){oracle, kernel}, trials);
    run_whole(&trials[0]);
    run_whole(&trials[1]);
    report(agree(&trials[1], &trials[0], tests[family].sums_floats), kernel, seed, "differs from the oracle");
    void *whole = take(trials[1].output_size);
    memcpy(whole, trials[1].output, (size_t)trials[1].output_size);
    run_backwards(&trials[1]);
    report(memcmp(whole, trials[1].output, (size_t)trials[1].output_size) == 0, kernel, seed, "depends on how its items are split");
    if (!free_blocks()) report(false, kernel, seed, "writes beside its output");
  }
}

// Steps of every length and grain, with pauses in which the threads fall asleep: each item is run exactly once.
#define TEAM_ITEMS 100000
static int team_items[TEAM_ITEMS];

static void count_items(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  *(char *)scratch = 1;
  for (int64_t i = begin; i < end; i++) team_items[i] += *(const int *)arguments;
}

static void test_team(int32_t threads) {
  static const struct swl_kernel name = {.name = "swl_team"};
  struct swl_team *team;
  if (swl_team_create(threads, 1, &team) != 0) {
    report(false, &name, threads, "was not created");
    return;
  }
  static int expected[TEAM_ITEMS];
  memset(expected, 0, sizeof expected);
  memset(team_items, 0, sizeof team_items);
  for (int run = 0; run < 1500; run++) {
    int amount = run % 7;
    struct swl_step step = {count_items, &amount, 1 + run * 37 % 5000, 1 + run % 90};
    for (int64_t i = 0; i < step.count; i++) expected[i] += amount;
    swl_team_run(team, &step);
    if (run % 250 == 0) nanosleep(&(struct timespec){0, 3000000}, NULL);
  }
  // More than a ticket can count.
  int one = 1;
  const struct swl_step many = {count_items, &one, TEAM_ITEMS, 1};
  swl_team_run(team, &many);
  for (int i = 0; i < TEAM_ITEMS; i++) expected[i]++;
  swl_team_destroy(team);
  report(memcmp(expected, team_items, sizeof expected) == 0, &name, threads, "ran an item twice or never");
}

#include "bench.h"
#include "definitions.h"
#include "tables.h"

// Bit by bit.
static uint32_t plain_crc32c(uint32_t state, const uint8_t *bytes, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    state ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) state = state & 1 ? state >> 1 ^ 0x82F63B78u : state >> 1;
  }
  return state;
}

static void test_checksum(int cases) {
  for (int i = 0; i < cases; i++) {
    // Some are summed in thirds.
    const int64_t size = random_in(0, 9) ? random_in(0, 300) : random_in(4000, 20000), begin = random_in(0, (int32_t)size), end = random_in((int32_t)begin, (int32_t)size);
    const uint8_t *bytes = (const uint8_t *)take_bytes(size) + begin;
    const uint32_t state = (uint32_t)random_bits(), expected = plain_crc32c(state, bytes, end - begin);
    const bool is_right = swl_crc32c(state, bytes, end - begin) == expected && swl_crc32c_by_table(state, bytes, end - begin) == expected;
    if (!is_right) printf("CRC-32C of %lld bytes differs\n", (long long)(end - begin));
    *(is_right ? &passed : &failed) += 1;
    while (block_count > 0) free(blocks[--block_count]);
  }
}

static void test_magnitudes(int cases) {
  for (int i = 0; i < cases; i++) {
    const int64_t depth = random_in(1, 700);
    const int8_t *weights = (const int8_t *)take_bytes(2 * depth);
    int64_t magnitudes[2];
    swl_weight_magnitudes(weights, 2, depth, magnitudes);
    for (int64_t k = 0; k < 2 * depth; k++) magnitudes[k / depth] -= weights[k] < 0 ? -weights[k] : weights[k];
    const bool is_right = magnitudes[0] == 0 && magnitudes[1] == 0;
    if (!is_right) printf("magnitudes of %lld weights differ\n", (long long)depth);
    *(is_right ? &passed : &failed) += 1;
    while (block_count > 0) free(blocks[--block_count]);
  }
}

// Values at ties, beyond the bounds, infinite and not a number among them.
static float *take_quantisable(int64_t count, float scale) {
  float *values = take(count * 4);
  for (int64_t i = 0; i < count; i++) {
    switch (random_in(0, 9)) {
    case 0: values[i] = ((float)random_in(-300, 300) + 0.5f) * scale; break;
    case 1: values[i] = random_float(-1e30f, 1e30f); break;
    case 2: values[i] = random_in(0, 1) ? NAN : random_in(0, 1) ? INFINITY : -INFINITY; break;
    default: values[i] = random_float(-200, 200) * scale; break;
    }
  }
  return values;
}

static void test_linear_bytes(int cases) {
  for (int i = 0; i < cases; i++) {
    const bool is_signed = random_in(0, 1);
    const struct swl_linear_bytes l = {.scale = random_in(0, 3) ? random_float(1e-3f, 1) : 0.25f, .zero_point = is_signed ? random_in(-128, 127) : random_in(0, 255),
                                       .lower = is_signed ? -128 : 0, .upper = is_signed ? 127 : 255};
    const int64_t count = random_in(0, 70), plane = count + random_in(0, 5);
    const float *values = take_quantisable(3 * plane, l.scale);
    uint8_t *bytes = take(count), *pixels = take(3 * count);
    swl_store_linear_bytes(&l, values, count, bytes);
    swl_store_linear_pixels(&l, values, plane, count, pixels);
    bool is_right = true;
    for (int64_t k = 0; k < count; k++) {
      is_right = is_right && bytes[k] == swl_linear_byte(&l, values[k]);
      for (int c = 0; c < 3; c++) is_right = is_right && pixels[3 * k + c] == swl_linear_byte(&l, values[c * plane + k]);
    }
    if (!is_right) printf("linear bytes differ\n");
    *(is_right ? &passed : &failed) += 1;
    while (block_count > 0) free(blocks[--block_count]);
  }
}

int main(int count, char **arguments) {
  if (count > 1 && strcmp(arguments[1], "--bench") == 0) {
    bench();
    return 0;
  }
  int cases = count > 1 ? atoi(arguments[1]) : 200;
  for (int32_t threads = 1; threads <= 5; threads++) test_team(threads);
  test_checksum(cases);
  test_magnitudes(cases);
  test_linear_bytes(cases);
  test_tables(cases);
  test_definition(SWL_REDUCTION_Q8, test_means, cases);
  test_definition(SWL_BINARY_Q8, test_gates, cases);
  for (int family = 0; family < SWL_FAMILY_COUNT; family++) {
    int32_t kernels;
    const struct swl_kernel *list = swl_kernels((enum swl_family)family, &kernels);
    for (int32_t i = 0; i < kernels; i++) {
      if (swl_instruction_set_is_available(list[i].instruction_set)) test_kernel((enum swl_family)family, &list[i], &list[0], cases);
    }
  }
  printf("%s: %d passed, %d failed\n", swl_instruction_set_name(swl_best_instruction_set()), passed, failed);
  return failed > 0;
}
