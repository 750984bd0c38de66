// Convolution of plain bytes that keeps its sums: a thread makes one channel of one output pixel. Sums wrap around, in every order alike.
#include "device.h"

extern "C" __global__ void swl_cuda_convolution_q32(const struct swl_convolution_q32 a) {
  const struct swl_window *w = &a.window;
  const int64_t index = swl_thread();
  if (index >= (int64_t)w->batch * w->output_height * w->output_width * w->output_channels) return;
  const struct swl_output_place at = swl_place_of(w, index);
  const int32_t inputs = w->input_channels / a.groups, outputs = w->output_channels / a.groups;
  const int32_t zero = a.input_zero_point ? (uint8_t)(*a.input_zero_point ^ a.input_flip) : a.input_flip;
  const uint8_t *input = a.input + at.image * w->input_height * w->input_width * w->input_channels + (int64_t)(at.channel / outputs) * inputs;
  const int16_t *weights = a.weights + at.channel;
  uint32_t sum = 0;
  for (int32_t row = 0; row < w->kernel_height; row++) {
    const int32_t y = at.top + row * w->dilation_height;
    for (int32_t column = 0; column < w->kernel_width; column++) {
      const int32_t x = at.left + column * w->dilation_width;
      const bool is_inside = (uint32_t)y < (uint32_t)w->input_height && (uint32_t)x < (uint32_t)w->input_width;
      const uint8_t *from = input + ((int64_t)y * w->input_width + x) * w->input_channels;
      for (int32_t i = 0; i < inputs; i++, weights += w->output_channels) {
        if (is_inside) sum += (uint32_t)(((int32_t)(uint8_t)(from[i] ^ a.input_flip) - zero) * (int32_t)*weights);
      }
    }
  }
  a.output[index] = (int32_t)sum;
}
