#include "swl_probe.h"

#include "../shared/targets.h"

#define SUMS 8

#if defined(__x86_64__)
#include <immintrin.h>

// Nothing is known of a register that has passed here, so no turn can be left out or moved.
#define HIDE(value) __asm__ volatile("" : "+x"(value))

SWL_TARGET_AVX2 static int64_t bytes_avx2(int64_t turns) {
  __m256i sums[SUMS], left = _mm256_set1_epi8(1), right = _mm256_set1_epi8(1);
  for (int i = 0; i < SUMS; i++) sums[i] = _mm256_setzero_si256();
  for (int64_t turn = 0; turn < turns; turn++) {
#pragma GCC unroll 8
    for (int i = 0; i < SUMS; i++) {
      HIDE(left);
      sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(_mm256_maddubs_epi16(left, right), _mm256_set1_epi16(1)));
      HIDE(sums[i]);
    }
  }
  return turns * SUMS * 32;
}

SWL_TARGET_AVX2 static int64_t floats_avx2(int64_t turns) {
  __m256 sums[SUMS], left = _mm256_set1_ps(0.5f), right = _mm256_set1_ps(0.5f);
  for (int i = 0; i < SUMS; i++) sums[i] = _mm256_setzero_ps();
  for (int64_t turn = 0; turn < turns; turn++) {
#pragma GCC unroll 8
    for (int i = 0; i < SUMS; i++) {
      HIDE(left);
      sums[i] = _mm256_fmadd_ps(left, right, sums[i]);
      HIDE(sums[i]);
    }
  }
  return turns * SUMS * 8;
}

SWL_TARGET_AVX512_VNNI static int64_t bytes_avx512vnni(int64_t turns) {
  __m512i sums[SUMS], left = _mm512_set1_epi8(1), right = _mm512_set1_epi8(1);
  for (int i = 0; i < SUMS; i++) sums[i] = _mm512_setzero_si512();
  for (int64_t turn = 0; turn < turns; turn++) {
#pragma GCC unroll 8
    for (int i = 0; i < SUMS; i++) {
      __asm__ volatile("" : "+v"(left));
      sums[i] = _mm512_dpbusd_epi32(sums[i], left, right);
      __asm__ volatile("" : "+v"(sums[i]));
    }
  }
  return turns * SUMS * 64;
}

int64_t swl_probe_products(enum swl_instruction_set set, bool is_float, int64_t turns) {
  switch (set) {
  case SWL_AVX2: return is_float ? floats_avx2(turns) : bytes_avx2(turns);
  case SWL_AVX512_VNNI: return is_float ? floats_avx2(turns) : bytes_avx512vnni(turns);
  default: return 0;
  }
}
#elif defined(__aarch64__)
#include <arm_neon.h>

#define TARGET_DOT __attribute__((target("arch=armv8.2-a+dotprod")))
#define HIDE(value) __asm__ volatile("" : "+w"(value))

static int64_t words_neon(int64_t turns) {
  int32x4_t sums[SUMS];
  int16x4_t left = vdup_n_s16(1), right = vdup_n_s16(1);
  for (int i = 0; i < SUMS; i++) sums[i] = vdupq_n_s32(0);
  for (int64_t turn = 0; turn < turns; turn++) {
#pragma GCC unroll 8
    for (int i = 0; i < SUMS; i++) {
      HIDE(left);
      sums[i] = vmlal_s16(sums[i], left, right);
      HIDE(sums[i]);
    }
  }
  return turns * SUMS * 4;
}

TARGET_DOT static int64_t bytes_neondot(int64_t turns) {
  int32x4_t sums[SUMS];
  int8x16_t left = vdupq_n_s8(1), right = vdupq_n_s8(1);
  for (int i = 0; i < SUMS; i++) sums[i] = vdupq_n_s32(0);
  for (int64_t turn = 0; turn < turns; turn++) {
#pragma GCC unroll 8
    for (int i = 0; i < SUMS; i++) {
      HIDE(left);
      sums[i] = vdotq_s32(sums[i], left, right);
      HIDE(sums[i]);
    }
  }
  return turns * SUMS * 16;
}

static int64_t floats_neon(int64_t turns) {
  float32x4_t sums[SUMS], left = vdupq_n_f32(0.5f), right = vdupq_n_f32(0.5f);
  for (int i = 0; i < SUMS; i++) sums[i] = vdupq_n_f32(0);
  for (int64_t turn = 0; turn < turns; turn++) {
#pragma GCC unroll 8
    for (int i = 0; i < SUMS; i++) {
      HIDE(left);
      sums[i] = vfmaq_f32(sums[i], left, right);
      HIDE(sums[i]);
    }
  }
  return turns * SUMS * 4;
}

int64_t swl_probe_products(enum swl_instruction_set set, bool is_float, int64_t turns) {
  switch (set) {
  case SWL_NEON: return is_float ? floats_neon(turns) : words_neon(turns);
  case SWL_NEON_DOT: return is_float ? floats_neon(turns) : bytes_neondot(turns);
  default: return 0;
  }
}
#else
int64_t swl_probe_products(enum swl_instruction_set set, bool is_float, int64_t turns) { return (void)set, (void)is_float, (void)turns, 0; }
#endif
