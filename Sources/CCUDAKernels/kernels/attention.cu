// Attention, in the scalar CPU kernel's two ways: of one query with all its scores, and of several with blocks of keys.
#include "device.h"

#define SWL_ATTENTION_KEYS 120
#define SWL_ATTENTION_LANES 8
#define SWL_ATTENTION_THREADS 128

SWL_DEVICE int64_t swl_open_rows(const struct swl_attention *a) { return a->count ? swl_maximum(0, swl_minimum(*a->count, a->rows)) : a->rows; }

SWL_DEVICE float swl_lanes_together(const float *lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

SWL_DEVICE float swl_product(const float *query, const float *key, int64_t size) {
  float lanes[SWL_ATTENTION_LANES] = {};
  int64_t i = 0;
  for (; i + SWL_ATTENTION_LANES <= size; i += SWL_ATTENTION_LANES) {
    for (int32_t lane = 0; lane < SWL_ATTENTION_LANES; lane++) lanes[lane] += query[i + lane] * key[i + lane];
  }
  for (int32_t lane = 0; lane < SWL_ATTENTION_LANES; lane++) {
    if (i + lane < size) lanes[lane] += query[i + lane] * key[i + lane];
  }
  return swl_lanes_together(lanes);
}

// The greatest of what all threads found, NaN never; `found` holds one value a thread.
SWL_DEVICE float swl_greatest(float *found, float own) {
  __syncthreads();
  found[threadIdx.x] = own;
  for (int32_t half = SWL_ATTENTION_THREADS / 2; half > 0; half /= 2) {
    __syncthreads();
    if ((int32_t)threadIdx.x < half && found[threadIdx.x + half] > found[threadIdx.x]) found[threadIdx.x] = found[threadIdx.x + half];
  }
  __syncthreads();
  return found[0];
}

// One query: a block of 128 a head. The scores of head h are [rows + 1] at h × (rows + 1).
extern "C" __global__ void swl_cuda_attention_f32__alone(const struct swl_cuda_attention_f32 c) {
  __shared__ float found[SWL_ATTENTION_THREADS];
  __shared__ float lanes[SWL_ATTENTION_LANES];
  const struct swl_attention *a = &c.attention;
  const int64_t width = a->heads * a->size, head = blockIdx.x, rows = swl_open_rows(a), count = rows + (a->own_key ? 1 : 0);
  const int32_t thread = threadIdx.x;
  const float *query = a->queries + head * a->size;
  float *scores = c.scores + head * (a->rows + 1), *output = a->output + head * a->size;
  float own = -INFINITY;
  for (int64_t row = thread; row < count; row += SWL_ATTENTION_THREADS) {
    const float *key = row < rows ? a->keys + row * width : a->own_key;
    const float score = swl_product(query, key + head * a->size, a->size);
    scores[row] = score;
    own = score > own ? score : own;
  }
  const float largest = swl_greatest(found, own), base = largest == -INFINITY ? 0.0f : largest;
  for (int64_t row = thread; row < count; row += SWL_ATTENTION_THREADS) scores[row] = swl_exp(scores[row] - base);
  __syncthreads();
  if (thread < SWL_ATTENTION_LANES) {
    const int64_t whole = count / SWL_ATTENTION_LANES * SWL_ATTENTION_LANES;
    float sum = 0.0f;
    for (int64_t i = thread; i < whole; i += SWL_ATTENTION_LANES) sum += scores[i];
    if (thread == 0) {
      for (int64_t i = whole; i < count; i++) sum += scores[i];
    }
    lanes[thread] = sum;
  }
  __syncthreads();
  const float total = swl_lanes_together(lanes);
  for (int64_t row = thread; row < count; row += SWL_ATTENTION_THREADS) scores[row] /= total;
  __syncthreads();
  for (int64_t i = thread; i < a->size; i += SWL_ATTENTION_THREADS) {
    const float *values = a->values + head * a->size + i;
    float sum = 0.0f;
    int64_t row = 0;
    for (; row + 4 <= rows; row += 4) {
      const float *four = values + row * width;
      sum += (scores[row] * four[0] + scores[row + 1] * four[width]) + (scores[row + 2] * four[2 * width] + scores[row + 3] * four[3 * width]);
    }
    for (; row < rows; row++) sum += scores[row] * values[row * width];
    if (count > rows) sum += scores[rows] * a->own_value[head * a->size + i];
    output[i] = sum;
  }
}

// As the CPU's `attention_power`.
SWL_DEVICE float swl_power(float x) {
  const float bounded = x < -87.0f ? -87.0f : x;
  const float shifted = bounded * 1.44269504f + 12582912.0f;
  const float r = (shifted - 12582912.0f) * -0.69314718f + bounded;
  float p = 1.0f / 720.0f * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const float power = swl_from_bits(swl_bits(p) + ((swl_bits(shifted) - 0x4B400000u) << 23));
  const float bounded_power = x < -87.0f ? 0.0f : power;
  return x != x ? x : bounded_power;
}

// A warp adds up the shares of one query.
static_assert(SWL_ATTENTION_THREADS >= 32 * SWL_CUDA_ATTENTION_QUERIES, "a warp a query");

// As `swl_greatest`, for each query; `found` holds one value a thread of each.
template <int32_t at_once>
SWL_DEVICE void swl_greatest_of_each(float (*found)[SWL_ATTENTION_THREADS], const float *own, float *greatest) {
  __syncthreads();
#pragma unroll
  for (int32_t q = 0; q < at_once; q++) found[q][threadIdx.x] = own[q];
  for (int32_t half = SWL_ATTENTION_THREADS / 2; half > 0; half /= 2) {
    __syncthreads();
    if ((int32_t)threadIdx.x >= half) continue;
#pragma unroll
    for (int32_t q = 0; q < at_once; q++) {
      if (found[q][threadIdx.x + half] > found[q][threadIdx.x]) found[q][threadIdx.x] = found[q][threadIdx.x + half];
    }
  }
  __syncthreads();
#pragma unroll
  for (int32_t q = 0; q < at_once; q++) greatest[q] = found[q][0];
}

// Several queries: a block of 128 takes `at_once` queries of a head, so that it reads keys and values once for all of them. What was found lies
// in the output until all keys were met. Where there are fewer queries the last one is computed several times, and told once.
template <int32_t at_once>
SWL_DEVICE void swl_attend(const struct swl_cuda_attention_f32 &c) {
  __shared__ float found[at_once][SWL_ATTENTION_THREADS];
  __shared__ float shares[at_once][SWL_ATTENTION_KEYS];
  __shared__ float totals[at_once];
  const struct swl_attention *a = &c.attention;
  const int64_t width = a->heads * a->size, head = blockIdx.y, rows = swl_open_rows(a), first_query = (int64_t)blockIdx.x * at_once;
  const int32_t thread = threadIdx.x, queries = (int32_t)swl_minimum(at_once, a->length - first_query);
  const float *query[at_once];
  float largest[at_once];
#pragma unroll
  for (int32_t q = 0; q < at_once; q++) {
    query[q] = a->queries + (first_query + (q < queries ? q : queries - 1)) * width + head * a->size;
    largest[q] = -INFINITY;
  }
  float *output = a->output + first_query * width + head * a->size;
  for (int32_t q = 0; q < queries; q++) {
    for (int64_t i = thread; i < a->size; i += SWL_ATTENTION_THREADS) output[q * width + i] = 0.0f;
  }
  if (thread < at_once) totals[thread] = 0.0f;
  for (int64_t first = 0; first < rows; first += SWL_ATTENTION_KEYS) {
    const int32_t keys = (int32_t)swl_minimum(SWL_ATTENTION_KEYS, rows - first);
    float scores[at_once], met[at_once], correction[at_once];
#pragma unroll
    for (int32_t q = 0; q < at_once; q++) scores[q] = thread < keys ? 0.0f : -INFINITY;
    if (thread < keys) {
      const float *key = a->keys + (first + thread) * width + head * a->size;
      for (int64_t i = 0; i < a->size; i++) {
        const float element = key[i];
#pragma unroll
        for (int32_t q = 0; q < at_once; q++) scores[q] += element * query[q][i];
      }
    }
#pragma unroll
    for (int32_t q = 0; q < at_once; q++) met[q] = scores[q] > -INFINITY ? scores[q] : -INFINITY;
    swl_greatest_of_each<at_once>(found, met, met);
#pragma unroll
    for (int32_t q = 0; q < at_once; q++) {
      const float before = largest[q];
      largest[q] = met[q] > before ? met[q] : before;
      const float base = largest[q] == -INFINITY ? 0.0f : largest[q];
      correction[q] = before == -INFINITY ? 0.0f : swl_power(before - base);
      if (thread < keys) shares[q][thread] = swl_power(scores[q] - base);
    }
    __syncthreads();
#pragma unroll
    for (int32_t q = 0; q < at_once; q++) {
      if (thread != q * 32) continue;
      float total = totals[q] * correction[q];
      for (int32_t i = 0; i < keys; i++) total += shares[q][i];
      totals[q] = total;
    }
    for (int64_t i = thread; i < a->size; i += SWL_ATTENTION_THREADS) {
      const float *values = a->values + first * width + head * a->size + i;
      float sums[at_once] = {};
      for (int32_t key = 0; key < keys; key++) {
        const float value = values[key * width];
#pragma unroll
        for (int32_t q = 0; q < at_once; q++) sums[q] += value * shares[q][key];
      }
#pragma unroll
      for (int32_t q = 0; q < at_once; q++) {
        if (q < queries) output[q * width + i] = output[q * width + i] * correction[q] + sums[q];
      }
    }
  }
  __syncthreads();
  for (int32_t q = 0; q < queries; q++) {
    const float inverse = rows > 0 ? 1.0f / totals[q] : 0.0f;
    for (int64_t i = thread; i < a->size; i += SWL_ATTENTION_THREADS) output[q * width + i] *= inverse;
  }
}

extern "C" __global__ void swl_cuda_attention_f32(const struct swl_cuda_attention_f32 c) { swl_attend<SWL_CUDA_ATTENTION_QUERIES>(c); }

// Where there are too few blocks otherwise to keep the device busy.
extern "C" __global__ void swl_cuda_attention_f32__each(const struct swl_cuda_attention_f32 c) { swl_attend<1>(c); }
