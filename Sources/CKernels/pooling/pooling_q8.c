#include "../shared/kernels.h"
#include "../shared/window.h"

#include "swl_pooling.h"

// Positions of the padded image that the window covers along one axis.
SWL_INLINE int64_t covered(int64_t start, int32_t taps, int32_t dilation, int32_t size, int32_t pad_end) {
  int64_t inside = (size + pad_end - start + dilation - 1) / dilation;
  return inside < 0 ? 0 : swl_minimum(inside, taps);
}

// Flipped bytes compare as unsigned numbers, whatever their sign was.
SWL_INLINE void maximum(const struct swl_pooling *a, const uint8_t *image, int64_t top, int64_t left, struct swl_taps rows, struct swl_taps columns,
                        uint8_t *restrict largest, uint8_t *output) {
  const struct swl_window *w = &a->window;
  const uint8_t flip = (uint8_t)a->input_flip;
  int64_t channels = w->input_channels;
  memset(largest, 0, (size_t)channels);
  for (int32_t y = rows.first; y < rows.last; y++) {
    for (int32_t x = columns.first; x < columns.last; x++) {
      const uint8_t *pixel = image + ((top + (int64_t)y * w->dilation_height) * w->input_width + left + (int64_t)x * w->dilation_width) * channels;
      for (int64_t c = 0; c < channels; c++) {
        uint8_t value = pixel[c] ^ flip;
        largest[c] = value > largest[c] ? value : largest[c];
      }
    }
  }
  for (int64_t c = 0; c < channels; c++) output[c] = largest[c] ^ flip;
}

SWL_INLINE void average(const struct swl_pooling *a, const uint8_t *image, int64_t top, int64_t left, struct swl_taps rows, struct swl_taps columns,
                        int64_t count, int32_t *restrict totals, uint8_t *output) {
  const struct swl_window *w = &a->window;
  const int32_t flip = a->input_flip, offset = a->input_flip + a->input_zero_point, zero_point = a->output_zero_point;
  int64_t channels = w->input_channels;
  memset(totals, 0, (size_t)channels * sizeof(int32_t));
  for (int32_t y = rows.first; y < rows.last; y++) {
    for (int32_t x = columns.first; x < columns.last; x++) {
      const uint8_t *pixel = image + ((top + (int64_t)y * w->dilation_height) * w->input_width + left + (int64_t)x * w->dilation_width) * channels;
      for (int64_t c = 0; c < channels; c++) totals[c] += (int32_t)(pixel[c] ^ flip) - offset;
    }
  }
  const float factor = a->scale_ratio / (count > 0 ? (float)count : 1.0f), lower = a->output_lower, upper = a->output_upper;
  for (int64_t c = 0; c < channels; c++) output[c] = (uint8_t)(swl_round(swl_clamp((float)totals[c] * factor, lower, upper)) + zero_point);
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_pooling *a = arguments;
  const struct swl_window *w = &a->window;
  int64_t channels = w->input_channels;
  for (int64_t item = begin; item < end; item++) {
    int64_t image = item / w->output_height;
    const uint8_t *input = (const uint8_t *)a->input + image * w->input_height * w->input_width * channels;
    int64_t top = (item % w->output_height) * w->stride_height - w->pad_top;
    struct swl_taps rows = swl_taps_inside(top, w->kernel_height, w->dilation_height, w->input_height);
    int64_t covered_rows = covered(top, w->kernel_height, w->dilation_height, w->input_height, w->pad_bottom);
    for (int32_t x = 0; x < w->output_width; x++) {
      int64_t left = (int64_t)x * w->stride_width - w->pad_left;
      struct swl_taps columns = swl_taps_inside(left, w->kernel_width, w->dilation_width, w->input_width);
      uint8_t *output = (uint8_t *)a->output + (item * w->output_width + x) * channels;
      if (a->is_average) {
        int64_t count = (int64_t)(rows.last - rows.first) * (columns.last - columns.first);
        if (a->counts_padding) count = covered_rows * covered(left, w->kernel_width, w->dilation_width, w->input_width, w->pad_right);
        average(a, input, top, left, rows, columns, count, scratch, output);
      } else {
        maximum(a, input, top, left, rows, columns, scratch, output);
      }
    }
  }
}

SWL_INSTANTIATE(swl_pooling_q8, body)
