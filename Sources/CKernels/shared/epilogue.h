// What follows the sums of a convolution.
#ifndef SWL_EPILOGUE_H
#define SWL_EPILOGUE_H

#include "swl_convolution.h"
#include "unary.h"

#define SWL_EPILOGUE_RUN 64

// t before the table: float product rounded, clamped as a float, then converted.
SWL_INLINE void swl_requantise_middle(const struct swl_requantisation *r, const int32_t *restrict sums, int64_t channel, int64_t count,
                                      int32_t *restrict middle) {
  const int32_t *restrict bias = r->bias + channel;
  const float *restrict multipliers = r->multipliers + channel;
  const float lower = r->middle_lower, upper = r->middle_upper;
  const int32_t zero_point = r->middle_zero_point;
  for (int64_t i = 0; i < count; i++) {
    middle[i] = swl_round(swl_clamp((float)(sums[i] + bias[i]) * multipliers[i], lower, upper)) + zero_point;
  }
}

SWL_INLINE void swl_requantise_plain(const struct swl_requantisation *r, const int32_t *restrict sums, int64_t channel, int64_t count,
                                     uint8_t *restrict output) {
  const int32_t *restrict bias = r->bias + channel;
  const float *restrict multipliers = r->multipliers + channel;
  const float lower = r->middle_lower, upper = r->middle_upper;
  const int32_t zero_point = r->middle_zero_point;
  for (int64_t i = 0; i < count; i++) {
    output[i] = (uint8_t)(swl_round(swl_clamp((float)(sums[i] + bias[i]) * multipliers[i], lower, upper)) + zero_point);
  }
}

SWL_INLINE void swl_requantise_residual(const struct swl_requantisation *r, const int32_t *restrict middle, const uint8_t *residual, int64_t count,
                                        uint8_t *output) {
  const int32_t flip = r->residual_flip, offset = r->residual_flip + r->residual_zero_point;
  const int32_t table_zero_point = r->table_zero_point, zero_point = r->output_zero_point;
  const float middle_scale = r->middle_scale, residual_scale = r->residual_scale, scale = r->output_scale;
  const float lower = r->output_lower, upper = r->output_upper;
  for (int64_t i = 0; i < count; i++) {
    float own = (float)(middle[i] - table_zero_point) * middle_scale;
    float other = (float)((int32_t)(residual[i] ^ flip) - offset) * residual_scale;
    output[i] = (uint8_t)(swl_round(swl_clamp((own + other) / scale, lower, upper)) + zero_point);
  }
}

// What gates make of a word: see `Convolution`.
SWL_INLINE int32_t swl_gated(const struct swl_requantisation *r, int32_t value) {
  const int32_t lower = (int32_t)r->middle_lower, upper = (int32_t)r->middle_upper;
  const int32_t product = (value * r->gates[(value >> 8) + 128] + 128) >> 8;
  const int32_t t = (product * r->gate_factor + 16384) >> 15;
  return (t < lower ? lower : t > upper ? upper : t) + r->middle_zero_point;
}

// t by gates.
SWL_INLINE void swl_requantise_gated(const struct swl_requantisation *r, const int32_t *restrict sums, int64_t channel, int64_t count,
                                     int32_t *restrict middle) {
  const int32_t *restrict bias = r->bias + channel;
  const float *restrict multipliers = r->multipliers + channel;
  for (int64_t i = 0; i < count; i++) {
    middle[i] = swl_gated(r, swl_round(swl_clamp((float)(sums[i] + bias[i]) * multipliers[i], -32768, 32767)));
  }
}

// Sums of channels channel..<channel + count of one pixel to its bytes; `element` is the first one's index in the output.
SWL_INLINE void swl_requantise_row(const struct swl_requantisation *r, const int32_t *sums, int64_t channel, int64_t count, int64_t element,
                                   uint8_t *output) {
  if (!r->table && !r->gates && !r->residual) {
    swl_requantise_plain(r, sums, channel, count, output + element);
    return;
  }
  int32_t middle[SWL_EPILOGUE_RUN];
  for (int64_t first = 0; first < count; first += SWL_EPILOGUE_RUN) {
    int64_t length = swl_minimum(SWL_EPILOGUE_RUN, count - first);
    uint8_t *bytes = output + element + first;
    (r->gates ? swl_requantise_gated : swl_requantise_middle)(r, sums + first, channel + first, length, middle);
    if (r->gates && !r->residual) {
      for (int64_t i = 0; i < length; i++) bytes[i] = (uint8_t)middle[i];
      continue;
    }
    if (r->table && !r->residual) {
      for (int64_t i = 0; i < length; i++) bytes[i] = r->table[(uint8_t)middle[i]];
      continue;
    }
    if (r->table) {
      const int32_t flip = r->output_flip;
      for (int64_t i = 0; i < length; i++) middle[i] = (int32_t)(r->table[(uint8_t)middle[i]] ^ flip) - flip;
    }
    swl_requantise_residual(r, middle, r->residual + element + first, length, bytes);
  }
}

// What follows the function: the residual, and the bounds.
SWL_INLINE void swl_put_row(const struct swl_epilogue_f32 *e, const float *restrict sums, int64_t count, int64_t element, float *output) {
  const float lower = e->lower, upper = e->upper;
  float *to = output + element;
  if (e->residual) {
    const float *residual = e->residual + element;
    for (int64_t i = 0; i < count; i++) to[i] = swl_clamp(sums[i] + residual[i], lower, upper);
  } else {
    for (int64_t i = 0; i < count; i++) to[i] = swl_clamp(sums[i], lower, upper);
  }
}

SWL_INLINE void swl_finish_row(const struct swl_epilogue_f32 *e, float *restrict sums, int64_t channel, int64_t count, int64_t element, float *output) {
  const float *restrict bias = e->bias + channel;
  for (int64_t i = 0; i < count; i++) sums[i] += bias[i];
  if (e->function != SWL_IDENTITY) swl_unary_row(e->function, e->alpha, e->beta, sums, sums, count);
  swl_put_row(e, sums, count, element, output);
}

// `rows` pixels of one panel at a time, `width` sums each, a constant at every call, of which the first `columns` are channels: functions then meet enough
// sums to fill the time that each takes. Pixels lie `pixel` elements apart in the output.
SWL_INLINE void swl_finish_tile(const struct swl_epilogue_f32 *e, float *restrict sums, int64_t rows, const int64_t width, int64_t channel, int64_t columns,
                                int64_t element, int64_t pixel, float *output) {
  if (columns < width) {
    for (int64_t row = 0; row < rows; row++) swl_finish_row(e, sums + row * width, channel, columns, element + row * pixel, output);
    return;
  }
  const float *restrict bias = e->bias + channel;
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t i = 0; i < width; i++) sums[row * width + i] += bias[i];
  }
  if (e->function != SWL_IDENTITY) swl_unary_row(e->function, e->alpha, e->beta, sums, sums, rows * width);
  for (int64_t row = 0; row < rows; row++) swl_put_row(e, sums + row * width, width, element + row * pixel, output);
}

#endif
