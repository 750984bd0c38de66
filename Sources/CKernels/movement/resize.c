// resize_f32 and resize_q8.
#include "../shared/kernels.h"
#include "../shared/targets.h"

#include "swl_movement.h"

// The four source pixels of one output pixel, as element offsets, and its weights.
struct corners {
  int64_t top_left, top_right, bottom_left, bottom_right, output;
  float row_fraction, column_fraction;
};

SWL_INLINE struct corners locate(const struct swl_resize *a, int64_t item, int32_t x) {
  int64_t image = item / a->output_height, y = item % a->output_height;
  int64_t base = image * a->input_height * a->input_width;
  int64_t top = base + (int64_t)a->rows[2 * y] * a->input_width, bottom = base + (int64_t)a->rows[2 * y + 1] * a->input_width;
  int64_t left = a->columns[2 * x], right = a->columns[2 * x + 1], channels = a->channels;
  return (struct corners){
      .top_left = (top + left) * channels,
      .top_right = (top + right) * channels,
      .bottom_left = (bottom + left) * channels,
      .bottom_right = (bottom + right) * channels,
      .output = (item * a->output_width + x) * channels,
      .row_fraction = a->row_fractions[y],
      .column_fraction = a->column_fractions[x],
  };
}

SWL_INLINE float lerp(float a, float b, float fraction) { return a + (b - a) * fraction; }

SWL_INLINE void resize_f32(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_resize *a = arguments;
  (void)scratch;
  const float *input = a->input;
  for (int64_t item = begin; item < end; item++) {
    for (int32_t x = 0; x < a->output_width; x++) {
      struct corners at = locate(a, item, x);
      float *restrict output = (float *)a->output + at.output;
      if (at.row_fraction == 0.0f && at.column_fraction == 0.0f) {
        memcpy(output, input + at.top_left, (size_t)a->channels * sizeof(float));
        continue;
      }
      for (int32_t c = 0; c < a->channels; c++) {
        float top = lerp(input[at.top_left + c], input[at.top_right + c], at.column_fraction);
        float bottom = lerp(input[at.bottom_left + c], input[at.bottom_right + c], at.column_fraction);
        output[c] = lerp(top, bottom, at.row_fraction);
      }
    }
  }
}

SWL_INLINE void resize_q8(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_resize *a = arguments;
  (void)scratch;
  const uint8_t *input = a->input;
  const int32_t flip = a->flip;
  // Fractions outside 0…1 lead out of the type.
  const float lower = (float)-flip, upper = (float)(255 - flip);
  for (int64_t item = begin; item < end; item++) {
    for (int32_t x = 0; x < a->output_width; x++) {
      struct corners at = locate(a, item, x);
      uint8_t *restrict output = (uint8_t *)a->output + at.output;
      if (at.row_fraction == 0.0f && at.column_fraction == 0.0f) {
        memcpy(output, input + at.top_left, (size_t)a->channels);
        continue;
      }
      for (int32_t c = 0; c < a->channels; c++) {
        float x00 = (float)((int32_t)(input[at.top_left + c] ^ flip) - flip);
        float x01 = (float)((int32_t)(input[at.top_right + c] ^ flip) - flip);
        float x10 = (float)((int32_t)(input[at.bottom_left + c] ^ flip) - flip);
        float x11 = (float)((int32_t)(input[at.bottom_right + c] ^ flip) - flip);
        float value = lerp(lerp(x00, x01, at.column_fraction), lerp(x10, x11, at.column_fraction), at.row_fraction);
        output[c] = (uint8_t)swl_round(swl_clamp(value, lower, upper));
      }
    }
  }
}

SWL_INSTANTIATE(swl_resize_f32, resize_f32)
SWL_INSTANTIATE(swl_resize_q8, resize_q8)
