// Convolution of floats, for the few layers that a quantised model keeps so: a thread makes one channel of one output pixel, and adds up
// in the CPU's order.
#include "device.h"

extern "C" __global__ void swl_cuda_convolution_f32(const struct swl_cuda_convolution_f32 c) {
  const struct swl_window *w = &c.window;
  const int64_t pixels = (int64_t)w->batch * w->output_height * w->output_width, index = swl_thread();
  if (index >= pixels * w->output_channels) return;
  const int64_t pixel = index / w->output_channels;
  const int32_t channel = (int32_t)(index - pixel * w->output_channels);
  const int64_t line = pixel / w->output_width, image = line / w->output_height;
  const int32_t top = (int32_t)(line - image * w->output_height) * w->stride_height - w->pad_top;
  const int32_t left = (int32_t)(pixel - line * w->output_width) * w->stride_width - w->pad_left;
  const float *input = c.input + image * w->input_height * w->input_width * w->input_channels + channel / c.group_outputs * c.group_inputs;
  const float *weights = c.weights + channel;
  float sum = 0.0f;
  for (int32_t row = 0; row < w->kernel_height; row++) {
    const int32_t y = top + row * w->dilation_height;
    for (int32_t column = 0; column < w->kernel_width; column++) {
      const int32_t x = left + column * w->dilation_width;
      const bool is_inside = (uint32_t)y < (uint32_t)w->input_height && (uint32_t)x < (uint32_t)w->input_width;
      const float *from = input + ((int64_t)y * w->input_width + x) * w->input_channels;
      for (int32_t i = 0; i < c.group_inputs; i++, weights += w->output_channels) sum += (is_inside ? from[i] : 0.0f) * *weights;
    }
  }
  swl_finish_row(&c.epilogue, &sum, channel, 1, index, c.output);
}
