// Convolution of bytes by matrix instructions: one form for each generation of them, equal but for the instruction and for how the tiles
// lie in shared memory. A block of four warps makes a tile; each warp 32 pixels by 32 channels of it.
#include "convolution_q8.cu"

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 720
// A thread's part of both tiles: half of a row's words at a time.
struct swl_matrix_source {
  struct swl_pixel pixel;
  const uint32_t *weights;
  int32_t row, first_word;
};

SWL_DEVICE struct swl_matrix_source swl_matrix_source_of(const struct swl_cuda_convolution_q8 *c) {
  struct swl_matrix_source source;
  source.row = threadIdx.x / 2;
  source.first_word = threadIdx.x % 2 * (SWL_CUDA_TILE_WORDS / 2);
  source.pixel = swl_pixel_at(c, (int64_t)blockIdx.x * SWL_CUDA_TILE + source.row);
  const int64_t channel = (int64_t)blockIdx.z * c->padded_outputs + (int64_t)blockIdx.y * SWL_CUDA_TILE + source.row;
  source.weights = c->weights + channel * c->words + source.first_word;
  return source;
}

// Rows of SWL_MATRIX_PITCH words: 20 give the lanes of one load a bank each.
#define SWL_MATRIX_PITCH (SWL_CUDA_TILE_WORDS + 4)

SWL_DEVICE void swl_load_rows(const struct swl_cuda_convolution_q8 *c, const struct swl_matrix_source *source, int32_t word, uint32_t *left, uint32_t *right) {
  const int32_t at = source->row * SWL_MATRIX_PITCH + source->first_word;
  for (int32_t i = 0; i < SWL_CUDA_TILE_WORDS / 2; i++) {
    left[at + i] = swl_input_word(c, &source->pixel, word + source->first_word + i);
    right[at + i] = source->weights[word + i];
  }
}
#endif

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
// sums[16 × 8] += a[16 × 32] · b[32 × 8], spread over a warp. With g = lane / 4 and t = lane % 4: a's words are row g and row g + 8 at
// bytes 4t…4t + 3, then both rows at 16 + 4t…; b's are column g at those bytes; sums are row g at columns 2t and 2t + 1, then row g + 8.
SWL_DEVICE void swl_multiply_16x8x32(int32_t *sums, const uint32_t *a, const uint32_t *b) {
#ifdef SWL_EMULATED
  swl_emulated_mma_m16n8k32(sums, a, b);
#else
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}
#endif

// From compute capability 8.0 on.
extern "C" __global__ void swl_cuda_convolution_q8__m16n8k32(const struct swl_cuda_convolution_q8 c) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  __shared__ uint32_t memory[SWL_CUDA_TILE * SWL_STAGE];
  const int32_t pitch = SWL_MATRIX_PITCH;
  uint32_t *left = memory, *right = memory + SWL_CUDA_TILE * pitch;
  const int32_t warp = threadIdx.x / 32, g = threadIdx.x % 32 / 4, t = threadIdx.x % 4, y = warp / 2 * 32, x = warp % 2 * 32;
  const struct swl_matrix_source source = swl_matrix_source_of(&c);
  int32_t sums[2][4][4] = {};
  for (int32_t word = 0; word < c.words; word += SWL_CUDA_TILE_WORDS) {
    swl_load_rows(&c, &source, word, left, right);
    __syncthreads();
#pragma unroll
    for (int32_t k = 0; k < SWL_CUDA_TILE_WORDS; k += 8) {
      uint32_t a[2][4], b[4][2];
#pragma unroll
      for (int32_t i = 0; i < 2; i++) {
#pragma unroll
        for (int32_t part = 0; part < 4; part++) a[i][part] = left[(y + 16 * i + g + part % 2 * 8) * pitch + k + t + part / 2 * 4];
      }
#pragma unroll
      for (int32_t j = 0; j < 4; j++) {
#pragma unroll
        for (int32_t part = 0; part < 2; part++) b[j][part] = right[(x + 8 * j + g) * pitch + k + t + part * 4];
      }
#pragma unroll
      for (int32_t i = 0; i < 2; i++) {
#pragma unroll
        for (int32_t j = 0; j < 4; j++) swl_multiply_16x8x32(sums[i][j], a[i], b[j]);
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int32_t i = 0; i < 2; i++) {
#pragma unroll
    for (int32_t j = 0; j < 4; j++) {
#pragma unroll
      for (int32_t part = 0; part < 4; part++) {
        memory[(y + 16 * i + g + part / 2 * 8) * SWL_STAGE + x + 8 * j + 2 * t + part % 2] = (uint32_t)sums[i][j][part];
      }
    }
  }
  __syncthreads();
  swl_store_tile(&c, memory, SWL_STAGE);
#else
  __trap();
#endif
}

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 750
// sums[8 × 8] += a[8 × 16] · b[16 × 8], spread over a warp. With g = lane / 4 and t = lane % 4: a's word is row g at bytes 4t…4t + 3, b's
// is column g at those bytes; sums are row g at columns 2t and 2t + 1.
SWL_DEVICE void swl_multiply_8x8x16(int32_t *sums, uint32_t a, uint32_t b) {
#ifdef SWL_EMULATED
  swl_emulated_mma_m8n8k16(sums, a, b);
#else
  asm volatile("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%0, %1}, {%2}, {%3}, {%0, %1};" : "+r"(sums[0]), "+r"(sums[1]) : "r"(a), "r"(b));
#endif
}
#endif

// From compute capability 7.5 on.
extern "C" __global__ void swl_cuda_convolution_q8__m8n8k16(const struct swl_cuda_convolution_q8 c) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 750
  __shared__ uint32_t memory[SWL_CUDA_TILE * SWL_STAGE];
  const int32_t pitch = SWL_MATRIX_PITCH;
  uint32_t *left = memory, *right = memory + SWL_CUDA_TILE * pitch;
  const int32_t warp = threadIdx.x / 32, g = threadIdx.x % 32 / 4, t = threadIdx.x % 4, y = warp / 2 * 32, x = warp % 2 * 32;
  const struct swl_matrix_source source = swl_matrix_source_of(&c);
  int32_t sums[4][4][2] = {};
  for (int32_t word = 0; word < c.words; word += SWL_CUDA_TILE_WORDS) {
    swl_load_rows(&c, &source, word, left, right);
    __syncthreads();
#pragma unroll
    for (int32_t k = 0; k < SWL_CUDA_TILE_WORDS; k += 4) {
      uint32_t a[4], b[4];
#pragma unroll
      for (int32_t i = 0; i < 4; i++) {
        a[i] = left[(y + 8 * i + g) * pitch + k + t];
        b[i] = right[(x + 8 * i + g) * pitch + k + t];
      }
#pragma unroll
      for (int32_t i = 0; i < 4; i++) {
#pragma unroll
        for (int32_t j = 0; j < 4; j++) swl_multiply_8x8x16(sums[i][j], a[i], b[j]);
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int32_t i = 0; i < 4; i++) {
#pragma unroll
    for (int32_t j = 0; j < 4; j++) {
#pragma unroll
      for (int32_t part = 0; part < 2; part++) memory[(y + 8 * i + g) * SWL_STAGE + x + 8 * j + 2 * t + part] = (uint32_t)sums[i][j][part];
    }
  }
  __syncthreads();
  swl_store_tile(&c, memory, SWL_STAGE);
#else
  __trap();
#endif
}

// What lane holds which element of a 16 × 16 × 16 product isn't documented: its parts come from shared memory and go back there by
// instructions of their own. They want rows at multiples of 16 bytes and matrices at multiples of 32.
#define SWL_WARP_STAGE (SWL_CUDA_TILE + 8)

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 720
// 16 rows of 16 bytes, `stride` bytes apart.
SWL_DEVICE void swl_load_left(uint32_t *a, const uint32_t *from, int32_t stride) {
#ifdef SWL_EMULATED
  swl_emulated_wmma_load(a, from, stride);
#else
  asm volatile("wmma.load.a.sync.aligned.row.m16n16k16.shared.s8 {%0, %1}, [%2], %3;"
               : "=r"(a[0]), "=r"(a[1]) : "l"(__cvta_generic_to_shared(from)), "r"(stride) : "memory");
#endif
}

// 16 columns of 16 bytes.
SWL_DEVICE void swl_load_right(uint32_t *b, const uint32_t *from, int32_t stride) {
#ifdef SWL_EMULATED
  swl_emulated_wmma_load(b, from, stride);
#else
  asm volatile("wmma.load.b.sync.aligned.col.m16n16k16.shared.s8 {%0, %1}, [%2], %3;"
               : "=r"(b[0]), "=r"(b[1]) : "l"(__cvta_generic_to_shared(from)), "r"(stride) : "memory");
#endif
}

SWL_DEVICE void swl_multiply_16x16x16(int32_t *sums, const uint32_t *a, const uint32_t *b) {
#ifdef SWL_EMULATED
  swl_emulated_wmma_m16n16k16(sums, a, b);
#else
  asm volatile("wmma.mma.sync.aligned.row.col.m16n16k16.s32.s8.s8.s32 {%0, %1, %2, %3, %4, %5, %6, %7}, {%8, %9}, {%10, %11}, "
               "{%0, %1, %2, %3, %4, %5, %6, %7};"
               : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3]), "+r"(sums[4]), "+r"(sums[5]), "+r"(sums[6]), "+r"(sums[7])
               : "r"(a[0]), "r"(a[1]), "r"(b[0]), "r"(b[1]));
#endif
}

// 16 rows of 16 sums, `stride` sums apart.
SWL_DEVICE void swl_store_sums(uint32_t *to, const int32_t *sums, int32_t stride) {
#ifdef SWL_EMULATED
  swl_emulated_wmma_store(to, sums, stride);
#else
  asm volatile("wmma.store.d.sync.aligned.row.m16n16k16.shared.s32 [%0], {%1, %2, %3, %4, %5, %6, %7, %8}, %9;"
               : : "l"(__cvta_generic_to_shared(to)), "r"(sums[0]), "r"(sums[1]), "r"(sums[2]), "r"(sums[3]), "r"(sums[4]), "r"(sums[5]),
                   "r"(sums[6]), "r"(sums[7]), "r"(stride) : "memory");
#endif
}
#endif

// From compute capability 7.2 on. Each 16 bytes of the depth have 64 rows of their own, so that every matrix of 16 by 16 bytes lies together.
extern "C" __global__ void swl_cuda_convolution_q8__m16n16k16(const struct swl_cuda_convolution_q8 c) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 720
  alignas(32) __shared__ uint32_t memory[SWL_CUDA_TILE * SWL_WARP_STAGE];
  uint32_t *left = memory, *right = memory + SWL_CUDA_TILE * SWL_CUDA_TILE_WORDS;
  const int32_t warp = threadIdx.x / 32, y = warp / 2 * 32, x = warp % 2 * 32;
  // Four neighbouring threads load the words of 16 bytes, and so a warp stores 32 neighbouring words: of two rows, half a tile apart.
  const int32_t row = threadIdx.x / 4, part = threadIdx.x % 4, half = SWL_CUDA_TILE / 2;
  const struct swl_pixel pixels[2] = {
    swl_pixel_at(&c, (int64_t)blockIdx.x * SWL_CUDA_TILE + row), swl_pixel_at(&c, (int64_t)blockIdx.x * SWL_CUDA_TILE + half + row),
  };
  const int64_t channel = (int64_t)blockIdx.z * c.padded_outputs + (int64_t)blockIdx.y * SWL_CUDA_TILE + row;
  const uint32_t *weights = c.weights + channel * c.words + part;
  int32_t sums[2][2][8] = {};
  for (int32_t word = 0; word < c.words; word += SWL_CUDA_TILE_WORDS) {
#pragma unroll
    for (int32_t k = 0; k < SWL_CUDA_TILE_WORDS / 4; k++) {
#pragma unroll
      for (int32_t i = 0; i < 2; i++) {
        const int32_t at = (k * SWL_CUDA_TILE + half * i + row) * 4 + part;
        left[at] = swl_input_word(&c, &pixels[i], word + 4 * k + part);
        right[at] = weights[(int64_t)half * i * c.words + word + 4 * k];
      }
    }
    __syncthreads();
#pragma unroll
    for (int32_t k = 0; k < SWL_CUDA_TILE_WORDS / 4; k++) {
      uint32_t a[2][2], b[2][2];
#pragma unroll
      for (int32_t i = 0; i < 2; i++) {
        swl_load_left(a[i], left + (k * SWL_CUDA_TILE + y + 16 * i) * 4, 16);
        swl_load_right(b[i], right + (k * SWL_CUDA_TILE + x + 16 * i) * 4, 16);
      }
#pragma unroll
      for (int32_t i = 0; i < 2; i++) {
#pragma unroll
        for (int32_t j = 0; j < 2; j++) swl_multiply_16x16x16(sums[i][j], a[i], b[j]);
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int32_t i = 0; i < 2; i++) {
#pragma unroll
    for (int32_t j = 0; j < 2; j++) swl_store_sums(memory + (y + 16 * i) * SWL_WARP_STAGE + x + 16 * j, sums[i][j], SWL_WARP_STAGE);
  }
  __syncthreads();
  swl_store_tile(&c, memory, SWL_WARP_STAGE);
#else
  __trap();
#endif
}
