#include "../shared/kernels.h"
#include "../shared/window.h"

#include "swl_pooling.h"

#include <math.h>

// Positions of the padded image that the window covers along one axis.
SWL_INLINE int64_t covered(int64_t start, int32_t taps, int32_t dilation, int32_t size, int32_t pad_end) {
  int64_t inside = (size + pad_end - start + dilation - 1) / dilation;
  return inside < 0 ? 0 : swl_minimum(inside, taps);
}

SWL_INLINE void add_taps(const struct swl_pooling *a, const float *image, int64_t top, int64_t left, struct swl_taps rows, struct swl_taps columns,
                         float *restrict totals) {
  const struct swl_window *w = &a->window;
  int64_t channels = w->input_channels;
  for (int64_t c = 0; c < channels; c++) totals[c] = a->is_average ? 0.0f : -INFINITY;
  for (int32_t y = rows.first; y < rows.last; y++) {
    for (int32_t x = columns.first; x < columns.last; x++) {
      const float *pixel = image + ((top + (int64_t)y * w->dilation_height) * w->input_width + left + (int64_t)x * w->dilation_width) * channels;
      if (a->is_average) {
        for (int64_t c = 0; c < channels; c++) totals[c] += pixel[c];
      } else {
        for (int64_t c = 0; c < channels; c++) totals[c] = pixel[c] > totals[c] ? pixel[c] : totals[c];
      }
    }
  }
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_pooling *a = arguments;
  const struct swl_window *w = &a->window;
  float *totals = scratch;
  int64_t channels = w->input_channels;
  for (int64_t item = begin; item < end; item++) {
    int64_t image = item / w->output_height;
    const float *input = (const float *)a->input + image * w->input_height * w->input_width * channels;
    int64_t top = (item % w->output_height) * w->stride_height - w->pad_top;
    struct swl_taps rows = swl_taps_inside(top, w->kernel_height, w->dilation_height, w->input_height);
    int64_t covered_rows = covered(top, w->kernel_height, w->dilation_height, w->input_height, w->pad_bottom);
    for (int32_t x = 0; x < w->output_width; x++) {
      int64_t left = (int64_t)x * w->stride_width - w->pad_left;
      struct swl_taps columns = swl_taps_inside(left, w->kernel_width, w->dilation_width, w->input_width);
      float *output = (float *)a->output + (item * w->output_width + x) * channels;
      add_taps(a, input, top, left, rows, columns, totals);
      if (a->is_average) {
        int64_t count = (int64_t)(rows.last - rows.first) * (columns.last - columns.first);
        if (a->counts_padding) count = covered_rows * covered(left, w->kernel_width, w->dilation_width, w->input_width, w->pad_right);
        float divisor = count > 0 ? (float)count : 1.0f;
        for (int64_t c = 0; c < channels; c++) output[c] = totals[c] / divisor;
      } else {
        memcpy(output, totals, (size_t)channels * sizeof(float));
      }
    }
  }
}

SWL_INSTANTIATE(swl_pooling_f32, body)

int64_t swl_pooling_scratch(const struct swl_window *window) { return (int64_t)window->input_channels * 4; }
