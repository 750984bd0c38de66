// Means and gates by columns of bytes, every kernel beside the definition: the oracle shares their shortcuts.
#ifndef DEFINITIONS_H
#define DEFINITIONS_H

#include "../../Sources/CKernels/shared/targets.h"

// Rows beyond what 16 bits can sum, sometimes of the greatest byte.
static void test_means(const struct swl_kernel *kernel, int cases) {
  for (int seed = 0; seed < cases; seed++) {
    state = (uint64_t)seed * 7919 + 5;
    const int64_t reduced = random_in(0, 3) ? random_in(1, 300) : random_in(500, 1100), inner = random_in(1, 150);
    uint8_t *input = take_input(reduced * inner), *output = take(inner);
    struct swl_reduction r = {
        .input = input, .output = output, .kind = SWL_MEAN, .outer = 1, .reduced = reduced, .inner = inner, .flip = random_in(0, 1) * 0x80,
        .output_zero_point = 6, .factor = 1.5f / (float)reduced, .output_lower = -134, .output_upper = 121};
    r.input_zero_point = random_in(0, 255) - r.flip;
    if (random_in(0, 3) == 0) memset(input, 0xFF ^ r.flip, (size_t)(reduced * inner));
    kernel->function(&r, NULL, 0, (inner + SWL_REDUCTION_CHUNK - 1) / SWL_REDUCTION_CHUNK);
    bool is_right = true;
    for (int64_t i = 0; i < inner; i++) {
      int64_t total = 0;
      for (int64_t k = 0; k < reduced; k++) total += (int32_t)(input[k * inner + i] ^ r.flip) - r.flip - r.input_zero_point;
      is_right = is_right && output[i] == (uint8_t)(swl_round(swl_clamp((float)total * r.factor, r.output_lower, r.output_upper)) + r.output_zero_point);
    }
    report(is_right, kernel, seed, "isn't the mean");
    while (block_count > 0) free(blocks[--block_count]);
  }
}

static float real_byte(uint8_t byte, float scale, int32_t flip, int32_t zero_point) { return scale * (float)((int32_t)(byte ^ flip) - flip - zero_point); }

// A gate's scales: usual ones; outputs' down to 2^-30 of the product; the edges of those that the shortcut takes (see gate.h); beyond them.
static void take_gate_scales(struct swl_binary *b) {
  const int32_t kind = random_in(0, 9);
  b->left_scale = random_float(1e-3f, 0.1f), b->right_scale = random_float(1e-3f, 0.1f);
  // Powers of two: quotients at ties, or a rounding beside them.
  b->output_scale = b->left_scale * b->right_scale * (random_in(0, 3) == 0 ? 64.0f : random_float(20, 400));
  if (kind == 0) {
    b->left_scale *= 0x1p-60f, b->output_scale *= 0x1p-60f;
  } else if (kind < 4) {
    b->output_scale = ldexpf(b->left_scale * b->right_scale * random_float(1, 2), -random_in(0, 31));
  } else if (kind < 6) {
    float *scales[] = {&b->left_scale, &b->right_scale, &b->output_scale};
    for (int i = 0; i < 3; i++) *scales[i] = random_in(0, 1) ? 0x1p-32f : 0x1p32f;
  }
}

static void test_gates(const struct swl_kernel *kernel, int cases) {
  // With whole blocks, with parts of one, with both, and more than are kept at a time.
  static const int32_t widths[] = {1, 8, 16, 24, 40, 64, 96, 120, 240, 576, 1100};
  for (int seed = 0; seed < cases; seed++) {
    state = (uint64_t)seed * 7919 + 6;
    const int64_t width = random_in(0, 3) ? widths[random_in(0, 10)] : random_in(1, 300), rows = random_in(1, 40);
    const bool is_left = random_in(0, 1);
    const uint8_t *input = take_input(rows * width), *gate = take_bytes(width);
    uint8_t *output = take(rows * width);
    struct swl_binary b = {
        .left = is_left ? gate : input, .right = is_left ? input : gate, .output = output, .operation = SWL_MULTIPLY, .axes = 2, .extents = {rows, width},
        .left_strides = {is_left ? 0 : width, 1}, .right_strides = {is_left ? width : 0, 1}, .chunks = 1, .lower = -INFINITY, .upper = INFINITY,
        .left_flip = random_in(0, 1) * 0x80, .right_flip = random_in(0, 1) * 0x80, .left_zero_point = random_in(-9, 99), .right_zero_point = random_in(-9, 99)};
    take_gate_scales(&b);
    // Both types that an output may have, and zero points at their ends, too.
    const int32_t least = random_in(0, 1) ? -128 : 0;
    b.output_zero_point = random_in(0, 2) ? random_in(least, least + 255) : least + 255 * random_in(0, 1);
    b.output_lower = (float)(least - b.output_zero_point), b.output_upper = (float)(least + 255 - b.output_zero_point);
    const int64_t middle = random_in(0, (int32_t)rows);
    kernel->function(&b, NULL, 0, middle);
    kernel->function(&b, NULL, middle, rows);
    bool is_right = true;
    for (int64_t i = 0; i < rows * width; i++) {
      const float left = real_byte(is_left ? gate[i % width] : input[i], b.left_scale, b.left_flip, b.left_zero_point);
      const float right = real_byte(is_left ? input[i] : gate[i % width], b.right_scale, b.right_flip, b.right_zero_point);
      is_right = is_right && output[i] == swl_quantised(left * right, b.output_scale, b.output_lower, b.output_upper, b.output_zero_point);
    }
    report(is_right, kernel, seed, "isn't the product by columns");
    while (block_count > 0) free(blocks[--block_count]);
  }
}

// With every kernel of a family that this machine can run.
static void test_definition(enum swl_family family, void (*test)(const struct swl_kernel *kernel, int cases), int cases) {
  int32_t count;
  const struct swl_kernel *list = swl_kernels(family, &count);
  for (int32_t i = 0; i < count; i++) {
    if (swl_instruction_set_is_available(list[i].instruction_set)) test(&list[i], cases);
  }
}

#endif
