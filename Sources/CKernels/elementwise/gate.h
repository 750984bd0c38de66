// A tensor times a gate for each of its columns, as squeeze and excitation end with. The definition's quotient of floats is known to a few
// units in the last place from byte × factor alone; where all that lies that near is, bounded, rounded to the same number, so is the quotient.
#ifndef SWL_GATE_H
#define SWL_GATE_H

#include "../shared/targets.h"
#include "swl_elementwise.h"

#include <math.h>

struct gated {
  const uint8_t *input, *gate;
  int64_t width;
  float input_scale, gate_scale, output_scale;
  int32_t input_offset, input_flip, gate_offset, gate_flip;
};

// Elements that are decided together, and the most columns whose factors are kept at a time.
#define GATE_BLOCK 64
#define GATE_COLUMNS 1024
// The definition rounds three times where a factor of a column is known, the shorter way four times: seven units of 2^-24.
#define GATE_MARGIN 0x1p-20f
// Between them no product of two scales and two bytes, divided by a third scale or not, overflows (2^112) or is denormal (2^-96), so what vanishes
// was 0. It may be far more than an integer holds: it is bounded before it is converted, which also leaves no doubt of what is beyond the bounds.
#define LEAST_GATE_SCALE 0x1p-32f
#define GREATEST_GATE_SCALE 0x1p32f

SWL_INLINE bool is_usual_scale(float scale) { return scale >= LEAST_GATE_SCALE && scale <= GREATEST_GATE_SCALE; }

// Whether one operand, `gate`, is one row for all rows of the other.
SWL_INLINE bool is_gated(const struct swl_binary *a, const int64_t *own, const int64_t *repeated) {
  return a->operation == SWL_MULTIPLY && a->axes == 2 && a->chunks == 1 && own[0] == a->extents[1] && own[1] == 1 && repeated[0] == 0 && repeated[1] == 1 &&
         a->lower == -INFINITY && a->upper == INFINITY && is_usual_scale(a->left_scale) && is_usual_scale(a->right_scale) &&
         is_usual_scale(a->output_scale);
}

// What columns' bytes are multiplied by.
struct gate_factors {
  float gates[GATE_COLUMNS]; // the definition's real values
  float least[GATE_COLUMNS], greatest[GATE_COLUMNS];
};

SWL_INLINE void gate_factors(const struct gated *g, int64_t column, int64_t count, struct gate_factors *f) {
  for (int64_t i = 0; i < count; i++) {
    f->gates[i] = g->gate_scale * (float)((int32_t)(g->gate[column + i] ^ g->gate_flip) - g->gate_offset);
    const float factor = g->input_scale * f->gates[i] / g->output_scale;
    f->least[i] = factor * (1.0f - GATE_MARGIN);
    f->greatest[i] = factor * (1.0f + GATE_MARGIN);
  }
}

// Rows that make whole blocks together; 0 where there is no room for so many.
SWL_INLINE int64_t gate_period(int64_t width) {
  int64_t rows = 1;
  while (rows < GATE_BLOCK && rows * width % GATE_BLOCK != 0) rows *= 2;
  return rows * width <= GATE_COLUMNS ? rows : 0;
}

SWL_INLINE void repeat_factors(float *factors, int64_t width, int64_t rows) {
  for (int64_t i = 1; i < rows; i++) memcpy(factors + i * width, factors, (size_t)width * sizeof(float));
}

// A block by the definition.
SWL_INLINE void gate_exactly(const struct swl_binary *a, const struct gated *g, const float *gates, const uint8_t *input, int64_t count, uint8_t *output) {
  for (int64_t i = 0; i < count; i++) {
    const float value = g->input_scale * (float)((int32_t)(input[i] ^ g->input_flip) - g->input_offset) * gates[i];
    output[i] = (uint8_t)(swl_round(swl_clamp(value / g->output_scale, a->output_lower, a->output_upper)) + a->output_zero_point);
  }
}

// GATE_BLOCK elements; false where the definition must tell.
typedef bool (*gate_block)(const struct swl_binary *a, const struct gated *g, const float *least, const float *greatest, const uint8_t *input, uint8_t *output);

// As a gate_block.
SWL_INLINE bool gate_some(const struct swl_binary *a, const struct gated *g, const float *restrict leasts, const float *restrict greatests,
                          const uint8_t *restrict input, int64_t count, uint8_t *restrict output) {
  const int32_t offset = g->input_offset, flip = g->input_flip;
  const float lower = a->output_lower, upper = a->output_upper;
  const int32_t zero_point = a->output_zero_point;
  uint32_t differing = 0;
  for (int64_t i = 0; i < count; i++) {
    const float byte = (float)((int32_t)(input[i] ^ flip) - offset);
    const int32_t least = swl_round(swl_clamp(byte * leasts[i], lower, upper)), greatest = swl_round(swl_clamp(byte * greatests[i], lower, upper));
    differing |= (uint32_t)(least ^ greatest);
    output[i] = (uint8_t)(least + zero_point);
  }
  return differing == 0;
}

SWL_INLINE void gate_elements(gate_block whole, const struct swl_binary *a, const struct gated *g, const struct gate_factors *f, int64_t element,
                              int64_t count, uint8_t *output) {
  const uint8_t *input = g->input + element;
  output += element;
  for (int64_t i = 0; i < count; i += GATE_BLOCK) {
    const int64_t length = swl_minimum(GATE_BLOCK, count - i);
    const bool is_known = length == GATE_BLOCK && whole ? whole(a, g, f->least + i, f->greatest + i, input + i, output + i)
                                                        : gate_some(a, g, f->least + i, f->greatest + i, input + i, length, output + i);
    if (!is_known) gate_exactly(a, g, f->gates + i, input + i, length, output + i);
  }
}

// Rows begin..<end of a step that is_gated.
SWL_INLINE void run_gated(gate_block whole, const struct swl_binary *a, const struct gated *g, int64_t begin, int64_t end) {
  struct gate_factors factors;
  const int64_t rows = swl_minimum(gate_period(g->width), end - begin);
  if (rows > 0) {
    gate_factors(g, 0, g->width, &factors);
    repeat_factors(factors.gates, g->width, rows);
    repeat_factors(factors.least, g->width, rows);
    repeat_factors(factors.greatest, g->width, rows);
    for (int64_t row = begin; row < end; row += rows) {
      gate_elements(whole, a, g, &factors, row * g->width, swl_minimum(rows, end - row) * g->width, a->output);
    }
    return;
  }
  for (int64_t column = 0; column < g->width; column += GATE_COLUMNS) {
    const int64_t count = swl_minimum(GATE_COLUMNS, g->width - column);
    gate_factors(g, column, count, &factors);
    for (int64_t row = begin; row < end; row++) gate_elements(whole, a, g, &factors, row * g->width + column, count, a->output);
  }
}

// Runs what is a gate by columns, and says whether it was.
SWL_INLINE bool swl_run_gate(gate_block whole, const struct swl_binary *a, int64_t begin, int64_t end) {
  if (is_gated(a, a->left_strides, a->right_strides)) {
    const struct gated gated = {
        .input = a->left, .gate = a->right, .width = a->extents[1], .input_scale = a->left_scale, .gate_scale = a->right_scale,
        .output_scale = a->output_scale, .input_offset = a->left_flip + a->left_zero_point, .input_flip = a->left_flip,
        .gate_offset = a->right_flip + a->right_zero_point, .gate_flip = a->right_flip};
    run_gated(whole, a, &gated, begin, end);
    return true;
  }
  if (is_gated(a, a->right_strides, a->left_strides)) {
    const struct gated gated = {
        .input = a->right, .gate = a->left, .width = a->extents[1], .input_scale = a->right_scale, .gate_scale = a->left_scale,
        .output_scale = a->output_scale, .input_offset = a->right_flip + a->right_zero_point, .input_flip = a->right_flip,
        .gate_offset = a->left_flip + a->left_zero_point, .gate_flip = a->left_flip};
    run_gated(whole, a, &gated, begin, end);
    return true;
  }
  return false;
}

#endif
