// Convolution of bytes as a matrix product whose left side is gathered on the way: each block makes a tile of output pixels by output
// channels of one group. Forms that differ in how words are multiplied: by dot products of four bytes here, by matrix instructions in
// convolution_q8_matrices.cu.
#include "device.h"

// Where one output pixel's window lies.
struct swl_pixel {
  const uint8_t *image; // at the group's first channel
  int32_t top, left;
  bool is_inside;       // of the output
};

SWL_DEVICE struct swl_pixel swl_pixel_at(const struct swl_cuda_convolution_q8 *c, int64_t row) {
  const struct swl_window *w = &c->window;
  const int64_t image_pixels = (int64_t)w->output_height * w->output_width, group = blockIdx.z;
  struct swl_pixel pixel;
  pixel.is_inside = row < w->batch * image_pixels;
  const int64_t image = row / image_pixels;
  const int32_t rest = (int32_t)(row - image * image_pixels), y = rest / w->output_width, x = rest - y * w->output_width;
  pixel.image = c->input + group * c->group_inputs;
  if (c->is_pointwise) {
    pixel.image += row * w->input_channels;
  } else {
    pixel.image += image * w->input_height * w->input_width * w->input_channels;
  }
  pixel.top = y * w->stride_height - w->pad_top;
  pixel.left = x * w->stride_width - w->pad_left;
  return pixel;
}

// Four neighbours of the depth, as signed bytes.
SWL_DEVICE uint32_t swl_input_word(const struct swl_cuda_convolution_q8 *c, const struct swl_pixel *pixel, int32_t word) {
  const struct swl_window *w = &c->window;
  if (!pixel->is_inside) return c->padding;
  const uint8_t *from = pixel->image;
  int32_t channel = 4 * word;
  if (!c->is_pointwise) {
    const int32_t tap = word / c->words_per_tap, row = tap / w->kernel_width, column = tap - row * w->kernel_width;
    const int32_t y = pixel->top + row * w->dilation_height, x = pixel->left + column * w->dilation_width;
    if (row >= w->kernel_height || (uint32_t)y >= (uint32_t)w->input_height || (uint32_t)x >= (uint32_t)w->input_width) return c->padding;
    channel -= 4 * tap * c->words_per_tap;
    from += ((int64_t)y * w->input_width + x) * w->input_channels;
  }
  // Behind the depth the weights are 0.
  if (channel >= c->group_inputs) return 0;
  from += channel;
  if (c->has_whole_words) return *(const uint32_t *)from ^ c->input_mask;
  const int32_t count = c->group_inputs - channel < 4 ? c->group_inputs - channel : 4;
  uint32_t bytes = 0;
  for (int32_t i = 0; i < count; i++) bytes |= (uint32_t)from[i] << 8 * i;
  return bytes ^ c->input_mask;
}

// `dot` is the sum over flipped bytes; what the zero point adds to it is the same for every pixel. Sums may wrap on the way: what comes
// out fits 32 bits, which was made sure of at load.
SWL_DEVICE void swl_store_sum(const struct swl_cuda_convolution_q8 *c, int32_t dot, int64_t row, int32_t column) {
  const int64_t rows = (int64_t)c->window.batch * c->window.output_height * c->window.output_width;
  if (row >= rows || column >= c->group_outputs) return;
  const int32_t channel = (int32_t)blockIdx.z * c->group_outputs + column;
  const int32_t sum = (int32_t)((uint32_t)dot - (uint32_t)c->zero_point * (uint32_t)c->weight_sums[channel]);
  swl_requantise(&c->requantisation, sum, channel, row * c->window.output_channels + channel, c->output);
}

// sum + the products of four signed bytes each.
SWL_DEVICE int32_t swl_dot(uint32_t a, uint32_t b, int32_t sum) {
#ifdef SWL_EMULATED
  return swl_emulated_dp4a(a, b, sum);
#else
  int32_t result;
  asm("dp4a.s32.s32 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  return result;
#endif
}

// A block's sums on their way to bytes, so that neighbouring threads write neighbouring channels. The tiles' memory serves again: rows
// of `pitch` words, SWL_STAGE where a kernel stores single sums.
#define SWL_STAGE (SWL_CUDA_TILE + 1)

SWL_DEVICE void swl_store_tile(const struct swl_cuda_convolution_q8 *c, const uint32_t *staged, int32_t pitch) {
  const int64_t first_row = (int64_t)blockIdx.x * SWL_CUDA_TILE;
  const int32_t first_column = blockIdx.y * SWL_CUDA_TILE;
#pragma unroll 1
  for (int32_t i = threadIdx.x; i < SWL_CUDA_TILE * SWL_CUDA_TILE; i += blockDim.x) {
    const int32_t row = i / SWL_CUDA_TILE, column = i % SWL_CUDA_TILE;
    swl_store_sum(c, (int32_t)staged[row * pitch + column], first_row + row, first_column + column);
  }
}

// 256 threads, each four pixels by four channels.
extern "C" __global__ void swl_cuda_convolution_q8__dp4a(const struct swl_cuda_convolution_q8 c) {
  __shared__ uint32_t memory[SWL_CUDA_TILE * SWL_STAGE];
  const int32_t pitch = SWL_CUDA_TILE + 4;
  uint32_t *left = memory, *right = memory + SWL_CUDA_TILE_WORDS * pitch;
  const int32_t thread = threadIdx.x, loaded = thread / 4, first_word = thread % 4 * 4, y = thread / 16 * 4, x = thread % 16 * 4;
  const struct swl_pixel pixel = swl_pixel_at(&c, (int64_t)blockIdx.x * SWL_CUDA_TILE + loaded);
  const uint32_t *weights = c.weights + ((int64_t)blockIdx.z * c.padded_outputs + (int64_t)blockIdx.y * SWL_CUDA_TILE + loaded) * c.words + first_word;
  int32_t sums[4][4] = {};
  for (int32_t word = 0; word < c.words; word += SWL_CUDA_TILE_WORDS) {
    for (int32_t i = 0; i < 4; i++) {
      left[(first_word + i) * pitch + loaded] = swl_input_word(&c, &pixel, word + first_word + i);
      right[(first_word + i) * pitch + loaded] = weights[word + i];
    }
    __syncthreads();
#pragma unroll
    for (int32_t k = 0; k < SWL_CUDA_TILE_WORDS; k++) {
#pragma unroll
      for (int32_t i = 0; i < 4; i++) {
#pragma unroll
        for (int32_t j = 0; j < 4; j++) sums[i][j] = swl_dot(left[k * pitch + y + i], right[k * pitch + x + j], sums[i][j]);
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int32_t i = 0; i < 4; i++) {
#pragma unroll
    for (int32_t j = 0; j < 4; j++) memory[(y + i) * SWL_STAGE + x + j] = (uint32_t)sums[i][j];
  }
  __syncthreads();
  swl_store_tile(&c, memory, SWL_STAGE);
}
