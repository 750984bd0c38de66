// Convolution of floats, for the few layers that a quantised model keeps so: a thread makes one channel of one output pixel, and adds up
// in the CPU's order.
#include "device.h"

// An output's image and channel, and where its window begins in the input's rows and columns.
struct swl_output_place {
  int64_t image;
  int32_t channel, top, left;
};

SWL_DEVICE struct swl_output_place swl_place_of(const struct swl_window *w, int64_t index) {
  const int64_t pixel = index / w->output_channels, line = pixel / w->output_width, image = line / w->output_height;
  struct swl_output_place place;
  place.image = image, place.channel = (int32_t)(index - pixel * w->output_channels);
  place.top = (int32_t)(line - image * w->output_height) * w->stride_height - w->pad_top;
  place.left = (int32_t)(pixel - line * w->output_width) * w->stride_width - w->pad_left;
  return place;
}

extern "C" __global__ void swl_cuda_convolution_f32(const struct swl_cuda_convolution_f32 c) {
  const struct swl_window *w = &c.window;
  const int64_t index = swl_thread();
  if (index >= (int64_t)w->batch * w->output_height * w->output_width * w->output_channels) return;
  const struct swl_output_place at = swl_place_of(w, index);
  const float *input = c.input + at.image * w->input_height * w->input_width * w->input_channels + at.channel / c.group_outputs * c.group_inputs;
  const float *weights = c.weights + at.channel;
  float sum = 0.0f;
  for (int32_t row = 0; row < w->kernel_height; row++) {
    const int32_t y = at.top + row * w->dilation_height;
    for (int32_t column = 0; column < w->kernel_width; column++) {
      const int32_t x = at.left + column * w->dilation_width;
      const bool is_inside = (uint32_t)y < (uint32_t)w->input_height && (uint32_t)x < (uint32_t)w->input_width;
      const float *from = input + ((int64_t)y * w->input_width + x) * w->input_channels;
      for (int32_t i = 0; i < c.group_inputs; i++, weights += w->output_channels) sum += (is_inside ? from[i] : 0.0f) * *weights;
    }
  }
  swl_finish_row(&c.epilogue, &sum, at.channel, 1, index, c.output);
}

// The integer that stands for weight k of a channel.
SWL_DEVICE float swl_narrow_weight(const struct swl_cuda_convolution_narrow *c, int64_t k, int32_t channel) {
  if (c->bits == 8) return (float)(int8_t)c->weights[k * c->window.output_channels + channel];
  const uint8_t both = c->weights[k / 2 * c->window.output_channels + channel];
  return (float)((k % 2 == 0 ? both & 15 : both >> 4) - 8);
}

// The one pixel's gathered element k of the depth; 0 outside the image.
SWL_DEVICE float swl_gathered(const struct swl_cuda_convolution_narrow *c, const float *input, int32_t top, int32_t left, int64_t k) {
  const struct swl_window *w = &c->window;
  // Linear layers have one tap: nothing to divide.
  const int64_t tap = c->depth == c->group_inputs ? 0 : k / c->group_inputs;
  const int32_t y = top + (int32_t)(tap / w->kernel_width) * w->dilation_height, x = left + (int32_t)(tap % w->kernel_width) * w->dilation_width;
  if ((uint32_t)y >= (uint32_t)w->input_height || (uint32_t)x >= (uint32_t)w->input_width) return 0.0f;
  return input[((int64_t)y * w->input_width + x) * w->input_channels + (k - tap * c->group_inputs)];
}

// As swl_cuda_convolution_f32, with weights of 8 or 4 bits that are expanded where they are multiplied.
extern "C" __global__ void swl_cuda_convolution_narrow(const struct swl_cuda_convolution_narrow c) {
  const struct swl_window *w = &c.window;
  const int64_t index = swl_thread();
  if (index >= (int64_t)w->batch * w->output_height * w->output_width * w->output_channels) return;
  const struct swl_output_place at = swl_place_of(w, index);
  const float *input = c.input + at.image * w->input_height * w->input_width * w->input_channels + at.channel / c.group_outputs * c.group_inputs;
  const float *scales = c.scales + (int64_t)at.channel * c.scale_groups;
  float sum = 0.0f;
  for (int64_t group = 0; group < c.scale_groups; group++) {
    const int64_t first = group * c.scale_group, last = swl_minimum(first + c.scale_group, c.depth);
    const float scale = scales[group];
    if (!c.is_row) {
      for (int64_t k = first; k < last; k++) sum += swl_gathered(&c, input, at.top, at.left, k) * (swl_narrow_weight(&c, k, at.channel) * scale);
      continue;
    }
    float even = 0.0f, odd = 0.0f;
    for (int64_t k = first; k < last; k += 2) {
      even += swl_gathered(&c, input, at.top, at.left, k) * swl_narrow_weight(&c, k, at.channel);
      if (k + 1 < last) odd += swl_gathered(&c, input, at.top, at.left, k + 1) * swl_narrow_weight(&c, k + 1, at.channel);
    }
    sum += (even + odd) * scale;
  }
  swl_finish_row(&c.epilogue, &sum, at.channel, 1, index, c.output);
}
