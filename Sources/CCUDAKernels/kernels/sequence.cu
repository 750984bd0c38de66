// What sequence models need: products of computed matrices, normalised rows, rotations, attention. Sums have the scalar CPU kernels' order.
#include "device.h"

#include "../../CKernels/shared/access.h"

#define SWL_PRODUCT_TILE 16

// A block of 256 makes 16 × 16 outputs, and loads 16 elements of their depth at a time.
extern "C" __global__ void swl_cuda_matrix_product_f32(const struct swl_matrix_product p) {
  __shared__ float left[SWL_PRODUCT_TILE][SWL_PRODUCT_TILE + 1];
  __shared__ float right[SWL_PRODUCT_TILE][SWL_PRODUCT_TILE + 1];
  const int32_t x = threadIdx.x % SWL_PRODUCT_TILE, y = threadIdx.x / SWL_PRODUCT_TILE;
  const int64_t row = (int64_t)blockIdx.y * SWL_PRODUCT_TILE + y, column = (int64_t)blockIdx.x * SWL_PRODUCT_TILE + x;
  const float *from_left = p.left + blockIdx.z * p.left_batch_stride + row * p.k;
  const float *from_right = p.right + blockIdx.z * p.right_batch_stride;
  // Of a transposed right side neighbours lie along the depth: so do the threads that load it.
  const int64_t loaded = (int64_t)blockIdx.x * SWL_PRODUCT_TILE + y;
  float sum = 0.0f;
  for (int64_t first = 0; first < p.k; first += SWL_PRODUCT_TILE) {
    __syncthreads();
    if (row < p.m && first + x < p.k) left[y][x] = from_left[first + x];
    if (p.is_right_transposed) {
      if (loaded < p.n && first + x < p.k) right[x][y] = from_right[loaded * p.k + first + x];
    } else if (column < p.n && first + y < p.k) {
      right[y][x] = from_right[(first + y) * p.n + column];
    }
    __syncthreads();
    const int64_t last = swl_minimum(SWL_PRODUCT_TILE, p.k - first);
    for (int64_t i = 0; i < last; i++) sum += left[y][i] * right[i][x];
  }
  if (row < p.m && column < p.n) p.output[(blockIdx.z * p.m + row) * p.n + column] = sum;
}

#define SWL_NORMALISED_LANES 16

// Adds up a row's lanes, in `sums` of the block; all threads take part.
SWL_DEVICE float swl_sum_lanes(float *sums, float own) {
  const int32_t lane = threadIdx.x % SWL_NORMALISED_LANES;
  float *row = sums + threadIdx.x - lane;
  __syncthreads();
  row[lane] = own;
  for (int32_t half = SWL_NORMALISED_LANES / 2; half > 0; half /= 2) {
    __syncthreads();
    if (lane < half) row[lane] += row[lane + half];
  }
  __syncthreads();
  return row[0];
}

// A block of 128 takes eight rows, each with sixteen threads.
extern "C" __global__ void swl_cuda_normalisation_f32(const struct swl_cuda_normalisation_f32 c) {
  __shared__ float sums[128];
  const struct swl_normalisation *a = &c.rows_of;
  const int64_t row = (int64_t)blockIdx.x * (128 / SWL_NORMALISED_LANES) + threadIdx.x / SWL_NORMALISED_LANES;
  const int32_t lane = threadIdx.x % SWL_NORMALISED_LANES;
  const int64_t width = row < c.rows ? a->width : 0;
  const float *x = a->input + row * a->width;
  float *y = a->output + row * a->width;
  float own = 0.0f;
  for (int64_t i = lane; i < width; i += SWL_NORMALISED_LANES) own += x[i];
  const float mean = swl_sum_lanes(sums, own) / (float)a->width;
  own = 0.0f;
  for (int64_t i = lane; i < width; i += SWL_NORMALISED_LANES) own += (x[i] - mean) * (x[i] - mean);
  const float inverse = 1.0f / sqrtf(swl_sum_lanes(sums, own) / (float)a->width + a->epsilon);
  for (int64_t i = lane; i < width; i += SWL_NORMALISED_LANES) {
    y[i] = a->shift ? (x[i] - mean) * inverse * a->scale[i] + a->shift[i] : (x[i] - mean) * inverse * a->scale[i];
  }
}

// A thread an element of the output.
extern "C" __global__ void swl_cuda_rotation_f32(const struct swl_rotation a) {
  const int64_t index = swl_thread(), width = a.heads * a.size, row = index / width;
  if (row >= a.rows) return;
  const int64_t column = index - row * width, element = column % a.size, first = index - element;
  const int64_t given = a.row_positions[row], asked = given < 0 ? given + a.positions : given, position = swl_maximum(0, swl_minimum(asked, a.positions - 1));
  if (column == 0) swl_count_faults(a.faults, position != asked);
  if (element >= 2 * a.pairs) {
    a.output[index] = a.input[index];
    return;
  }
  const int64_t pair = a.is_interleaved ? element / 2 : element % a.pairs;
  const bool is_imaginary = a.is_interleaved ? element % 2 == 1 : element >= a.pairs;
  const float real = a.input[first + (a.is_interleaved ? 2 * pair : pair)], imaginary = a.input[first + (a.is_interleaved ? 2 * pair + 1 : a.pairs + pair)];
  const float cosine = a.cosines[position * a.pairs + pair], sine = a.sines[position * a.pairs + pair];
  a.output[index] = is_imaginary ? sine * real + cosine * imaginary : cosine * real - sine * imaginary;
}

// A thread an element of the output.
extern "C" __global__ void swl_cuda_gather(const struct swl_gather a) {
  const int64_t index = swl_thread(), item = index / a.access.inner, column = index - item * a.access.inner;
  const int64_t batch = item / a.access.count;
  if (batch >= a.access.batch) return;
  const int64_t position = item - batch * a.access.count;
  uint64_t outside = 0;
  const int64_t row = swl_row_of(&a.access, batch, position, &outside);
  if (column == 0) swl_count_faults(a.access.faults, outside);
  const int64_t source = (batch * a.access.rows + row) * a.access.inner + column;
  switch (a.element_size) {
  case 1: a.output[index] = a.input[source]; break;
  case 2: ((uint16_t *)a.output)[index] = ((const uint16_t *)a.input)[source]; break;
  case 4: ((uint32_t *)a.output)[index] = ((const uint32_t *)a.input)[source]; break;
  default: ((uint64_t *)a.output)[index] = ((const uint64_t *)a.input)[source]; break;
  }
}
