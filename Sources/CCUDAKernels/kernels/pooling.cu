// Pooling: a thread makes one channel of one output pixel.
#include "device.h"

// One thread's window: the taps inside the image, and how many positions an average counts.
struct swl_pool {
  int64_t input, output; // elements: the image's channel, and what is made
  int32_t first_row, last_row, first_column, last_column, top, left;
  int64_t count;
};

SWL_DEVICE void swl_cuda_taps(int64_t start, int32_t taps, int32_t dilation, int32_t size, int32_t *first, int32_t *last) {
  int64_t begin = start < 0 ? (-start + dilation - 1) / dilation : 0, end = start < size ? (size - start + dilation - 1) / dilation : 0;
  end = end > taps ? taps : end;
  *first = (int32_t)(begin > end ? end : begin);
  *last = (int32_t)end;
}

// Positions of the padded image that the window covers along one axis.
SWL_DEVICE int64_t swl_cuda_covered(int64_t start, int32_t taps, int32_t dilation, int32_t size, int32_t pad_end) {
  const int64_t inside = (size + pad_end - start + dilation - 1) / dilation;
  return inside < 0 ? 0 : swl_minimum(inside, taps);
}

SWL_DEVICE bool swl_find_pool(const struct swl_pooling *a, struct swl_pool *pool) {
  const struct swl_window *w = &a->window;
  const int64_t channels = w->input_channels, index = swl_thread(), pixel = index / channels;
  if (pixel >= (int64_t)w->batch * w->output_height * w->output_width) return false;
  const int64_t line = pixel / w->output_width, image = line / w->output_height;
  pool->top = (int32_t)(line - image * w->output_height) * w->stride_height - w->pad_top;
  pool->left = (int32_t)(pixel - line * w->output_width) * w->stride_width - w->pad_left;
  pool->input = image * w->input_height * w->input_width * channels + (index - pixel * channels);
  pool->output = index;
  swl_cuda_taps(pool->top, w->kernel_height, w->dilation_height, w->input_height, &pool->first_row, &pool->last_row);
  swl_cuda_taps(pool->left, w->kernel_width, w->dilation_width, w->input_width, &pool->first_column, &pool->last_column);
  pool->count = (int64_t)(pool->last_row - pool->first_row) * (pool->last_column - pool->first_column);
  if (a->counts_padding) {
    pool->count = swl_cuda_covered(pool->top, w->kernel_height, w->dilation_height, w->input_height, w->pad_bottom) *
                  swl_cuda_covered(pool->left, w->kernel_width, w->dilation_width, w->input_width, w->pad_right);
  }
  return true;
}

// The element under one tap.
SWL_DEVICE int64_t swl_pooled(const struct swl_window *w, const struct swl_pool *pool, int32_t row, int32_t column) {
  return pool->input + ((int64_t)(pool->top + row * w->dilation_height) * w->input_width + pool->left + column * w->dilation_width) * w->input_channels;
}

// Flipped bytes compare as unsigned numbers, whatever their sign was.
extern "C" __global__ void swl_cuda_pooling_q8(const struct swl_pooling a) {
  struct swl_pool pool;
  if (!swl_find_pool(&a, &pool)) return;
  const uint8_t *input = (const uint8_t *)a.input;
  const int32_t flip = a.input_flip, offset = a.input_flip + a.input_zero_point;
  int32_t total = 0, largest = 0;
  for (int32_t row = pool.first_row; row < pool.last_row; row++) {
    for (int32_t column = pool.first_column; column < pool.last_column; column++) {
      const int32_t value = input[swl_pooled(&a.window, &pool, row, column)] ^ flip;
      total += value - offset;
      largest = value > largest ? value : largest;
    }
  }
  int32_t result = largest ^ flip;
  if (a.is_average) {
    const float factor = a.scale_ratio / (pool.count > 0 ? (float)pool.count : 1.0f);
    result = swl_round(swl_clamp((float)total * factor, a.output_lower, a.output_upper)) + a.output_zero_point;
  }
  ((uint8_t *)a.output)[pool.output] = (uint8_t)result;
}

extern "C" __global__ void swl_cuda_pooling_f32(const struct swl_pooling a) {
  struct swl_pool pool;
  if (!swl_find_pool(&a, &pool)) return;
  const float *input = (const float *)a.input;
  float total = a.is_average ? 0.0f : -INFINITY;
  for (int32_t row = pool.first_row; row < pool.last_row; row++) {
    for (int32_t column = pool.first_column; column < pool.last_column; column++) {
      const float value = input[swl_pooled(&a.window, &pool, row, column)];
      total = a.is_average ? total + value : value > total ? value : total;
    }
  }
  if (a.is_average) total /= pool.count > 0 ? (float)pool.count : 1.0f;
  ((float *)a.output)[pool.output] = total;
}
