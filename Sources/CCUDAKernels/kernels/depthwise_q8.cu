// Depthwise convolution of bytes: a thread makes four neighbouring channels of one output pixel.
#include "device.h"

extern "C" __global__ void swl_cuda_depthwise_q8(const struct swl_cuda_depthwise_q8 d) {
  const struct swl_window *w = &d.window;
  const int64_t quads = d.padded_channels / 4, pixels = (int64_t)w->batch * w->output_height * w->output_width, index = swl_thread();
  if (index >= pixels * quads) return;
  const int64_t pixel = index / quads;
  const int32_t channel = (int32_t)(index - pixel * quads) * 4, channels = w->input_channels;
  const int32_t count = channels - channel < 4 ? channels - channel : 4;
  const int64_t line = pixel / w->output_width, image = line / w->output_height;
  const int32_t top = (int32_t)(line - image * w->output_height) * w->stride_height - w->pad_top;
  const int32_t left = (int32_t)(pixel - line * w->output_width) * w->stride_width - w->pad_left;
  const uint8_t *input = d.input + image * w->input_height * w->input_width * channels + channel;
  const int32_t flip = d.input_flip, offset = d.input_flip + d.input_zero_point;
  int32_t sums[4] = {};
  for (int32_t row = 0; row < w->kernel_height; row++) {
    const int32_t y = top + row * w->dilation_height;
    if ((uint32_t)y >= (uint32_t)w->input_height) continue;
    for (int32_t column = 0; column < w->kernel_width; column++) {
      const int32_t x = left + column * w->dilation_width;
      if ((uint32_t)x >= (uint32_t)w->input_width) continue;
      const uint8_t *from = input + ((int64_t)y * w->input_width + x) * channels;
      const int8_t *weights = d.weights + (int64_t)(row * w->kernel_width + column) * d.padded_channels + channel;
      if (d.has_whole_words) {
        const uint32_t bytes = *(const uint32_t *)from;
        for (int32_t i = 0; i < 4; i++) sums[i] += ((int32_t)((bytes >> 8 * i & 0xFF) ^ flip) - offset) * weights[i];
      } else {
#pragma unroll
        for (int32_t i = 0; i < 4; i++) sums[i] += i >= count ? 0 : ((int32_t)(from[i] ^ flip) - offset) * weights[i];
      }
    }
  }
  // Unrolled with a condition, or the sums would lie in memory.
#pragma unroll
  for (int32_t i = 0; i < 4; i++) {
    if (i < count) swl_requantise(&d.requantisation, sums[i], channel + i, pixel * channels + channel + i, d.output);
  }
}
