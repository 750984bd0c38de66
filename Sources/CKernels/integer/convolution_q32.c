#include "../shared/kernels.h"
#include "../shared/targets.h"

#include "swl_integer.h"

#include <stddef.h>

int64_t swl_convolution_q32_scratch(const struct swl_window *window, int32_t groups) {
  int64_t depth = (int64_t)window->kernel_height * window->kernel_width * (window->input_channels / groups);
  return depth * (int64_t)sizeof(int16_t);
}

// The input under the window at one output position, less its zero point; padding is 0.
SWL_INLINE void gather_window(const struct swl_convolution_q32 *a, int64_t n, int64_t oy, int64_t ox, int64_t first, int64_t count, int32_t zero, int16_t *patch) {
  const struct swl_window *w = &a->window;
  for (int64_t ky = 0; ky < w->kernel_height; ky++) {
    int64_t y = oy * w->stride_height + ky * w->dilation_height - w->pad_top;
    for (int64_t kx = 0; kx < w->kernel_width; kx++, patch += count) {
      int64_t x = ox * w->stride_width + kx * w->dilation_width - w->pad_left;
      if (y < 0 || y >= w->input_height || x < 0 || x >= w->input_width) {
        memset(patch, 0, (size_t)count * sizeof(int16_t));
        continue;
      }
      const uint8_t *pixel = a->input + ((n * w->input_height + y) * w->input_width + x) * w->input_channels + first;
      for (int64_t c = 0; c < count; c++) patch[c] = (int16_t)((int32_t)(uint8_t)(pixel[c] ^ a->input_flip) - zero);
    }
  }
}

// Wraps around where a sum leaves 32 bits.
SWL_INLINE int32_t product(const int16_t *a, const int16_t *b, int64_t count) {
  uint32_t sum = 0;
  for (int64_t i = 0; i < count; i++) sum += (uint32_t)((int32_t)a[i] * (int32_t)b[i]);
  return (int32_t)sum;
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_convolution_q32 *a = arguments;
  const struct swl_window *w = &a->window;
  int64_t inputs = w->input_channels / a->groups, outputs = w->output_channels / a->groups;
  int64_t depth = (int64_t)w->kernel_height * w->kernel_width * inputs;
  int32_t zero = a->input_zero_point ? (uint8_t)(*a->input_zero_point ^ a->input_flip) : a->input_flip;
  int16_t *patch = scratch;
  for (int64_t row = begin; row < end; row++) {
    int64_t n = row / w->output_height, oy = row % w->output_height;
    for (int64_t ox = 0; ox < w->output_width; ox++) {
      int32_t *output = a->output + (row * w->output_width + ox) * w->output_channels;
      for (int64_t g = 0; g < a->groups; g++) {
        gather_window(a, n, oy, ox, g * inputs, inputs, zero, patch);
        for (int64_t o = g * outputs; o < (g + 1) * outputs; o++) output[o] = product(patch, a->weights + o * depth, depth);
      }
    }
  }
}

SWL_INSTANTIATE(swl_convolution_q32, body)
