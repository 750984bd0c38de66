#include "swl_linear_bytes.h"

#include "../shared/targets.h"

#include <stdbool.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

uint8_t swl_linear_byte(const struct swl_linear_bytes *l, float value) {
  return swl_quantised(value, l->scale, (float)(l->lower - l->zero_point), (float)(l->upper - l->zero_point), l->zero_point);
}

// From `first` on.
static void store_plainly(const struct swl_linear_bytes *l, const float *from, int64_t first, int64_t count, uint8_t *to) {
  for (int64_t i = first; i < count; i++) to[i] = swl_linear_byte(l, from[i]);
}

static void store_pixels_plainly(const struct swl_linear_bytes *l, const float *from, int64_t plane, int64_t first, int64_t count, uint8_t *to) {
  for (int64_t i = first; i < count; i++) {
    for (int channel = 0; channel < 3; channel++) to[3 * i + channel] = swl_linear_byte(l, from[channel * plane + i]);
  }
}

#if defined(__x86_64__)
// Eight neighbours, 16 bits each.
SWL_TARGET_AVX2 SWL_INLINE __m128i eight_avx2(const struct swl_linear_bytes *l, const float *from) {
  __m256 scaled = _mm256_div_ps(_mm256_loadu_ps(from), _mm256_set1_ps(l->scale));
  scaled = _mm256_and_ps(scaled, _mm256_cmp_ps(scaled, scaled, _CMP_ORD_Q));
  scaled = _mm256_max_ps(scaled, _mm256_set1_ps((float)(l->lower - l->zero_point)));
  scaled = _mm256_min_ps(scaled, _mm256_set1_ps((float)(l->upper - l->zero_point)));
  const __m256i steps = _mm256_add_epi32(_mm256_cvtps_epi32(scaled), _mm256_set1_epi32(l->zero_point));
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(steps), _mm256_extracti128_si256(steps, 1));
  return _mm_and_si128(words, _mm_set1_epi16(0xFF));
}

SWL_TARGET_AVX2 SWL_INLINE __m128i sixteen_avx2(const struct swl_linear_bytes *l, const float *from) {
  return _mm_packus_epi16(eight_avx2(l, from), eight_avx2(l, from + 8));
}

SWL_TARGET_AVX2 static int64_t store_avx2(const struct swl_linear_bytes *l, const float *from, int64_t count, uint8_t *to) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) _mm_storeu_si128((__m128i *)(void *)(to + i), sixteen_avx2(l, from + i));
  return i;
}

// Byte 3 i + c of a run of pixels is byte i of channel c; -1 where another channel's stands.
SWL_TARGET_AVX2 static int64_t store_pixels_avx2(const struct swl_linear_bytes *l, const float *from, int64_t plane, int64_t count, uint8_t *to) {
  __m128i places[3][3];
  for (int part = 0; part < 3; part++) {
    for (int channel = 0; channel < 3; channel++) {
      int8_t bytes[16];
      for (int i = 0; i < 16; i++) bytes[i] = (16 * part + i) % 3 == channel ? (int8_t)((16 * part + i) / 3) : -1;
      places[part][channel] = _mm_loadu_si128((const __m128i *)(const void *)bytes);
    }
  }
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m128i channels[3] = {sixteen_avx2(l, from + i), sixteen_avx2(l, from + plane + i), sixteen_avx2(l, from + 2 * plane + i)};
#pragma GCC unroll 3
    for (int part = 0; part < 3; part++) {
      const __m128i two = _mm_or_si128(_mm_shuffle_epi8(channels[0], places[part][0]), _mm_shuffle_epi8(channels[1], places[part][1]));
      _mm_storeu_si128((__m128i *)(void *)(to + 3 * i + 16 * part), _mm_or_si128(two, _mm_shuffle_epi8(channels[2], places[part][2])));
    }
  }
  return i;
}

static int64_t store_fast(const struct swl_linear_bytes *l, const float *from, int64_t count, uint8_t *to) {
  return __builtin_cpu_supports("avx2") ? store_avx2(l, from, count, to) : 0;
}
static int64_t store_pixels_fast(const struct swl_linear_bytes *l, const float *from, int64_t plane, int64_t count, uint8_t *to) {
  return __builtin_cpu_supports("avx2") ? store_pixels_avx2(l, from, plane, count, to) : 0;
}
#elif defined(__aarch64__)
// Conversion turns NaN into 0.
SWL_INLINE int16x4_t four_neon(const struct swl_linear_bytes *l, const float *from) {
  float32x4_t scaled = vdivq_f32(vld1q_f32(from), vdupq_n_f32(l->scale));
  scaled = vmaxq_f32(scaled, vdupq_n_f32((float)(l->lower - l->zero_point)));
  scaled = vminq_f32(scaled, vdupq_n_f32((float)(l->upper - l->zero_point)));
  return vmovn_s32(vaddq_s32(vcvtnq_s32_f32(scaled), vdupq_n_s32(l->zero_point)));
}

SWL_INLINE uint8x16_t sixteen_neon(const struct swl_linear_bytes *l, const float *from) {
  const int16x8_t low = vcombine_s16(four_neon(l, from), four_neon(l, from + 4)), high = vcombine_s16(four_neon(l, from + 8), four_neon(l, from + 12));
  return vcombine_u8(vreinterpret_u8_s8(vmovn_s16(low)), vreinterpret_u8_s8(vmovn_s16(high)));
}

static int64_t store_fast(const struct swl_linear_bytes *l, const float *from, int64_t count, uint8_t *to) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) vst1q_u8(to + i, sixteen_neon(l, from + i));
  return i;
}
static int64_t store_pixels_fast(const struct swl_linear_bytes *l, const float *from, int64_t plane, int64_t count, uint8_t *to) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    vst3q_u8(to + 3 * i, (uint8x16x3_t){{sixteen_neon(l, from + i), sixteen_neon(l, from + plane + i), sixteen_neon(l, from + 2 * plane + i)}});
  }
  return i;
}
#else
static int64_t store_fast(const struct swl_linear_bytes *l, const float *from, int64_t count, uint8_t *to) {
  return (void)l, (void)from, (void)count, (void)to, 0;
}
static int64_t store_pixels_fast(const struct swl_linear_bytes *l, const float *from, int64_t plane, int64_t count, uint8_t *to) {
  return (void)l, (void)from, (void)plane, (void)count, (void)to, 0;
}
#endif

void swl_store_linear_bytes(const struct swl_linear_bytes *l, const float *from, int64_t count, uint8_t *to) {
  store_plainly(l, from, store_fast(l, from, count, to), count, to);
}

void swl_store_linear_pixels(const struct swl_linear_bytes *l, const float *from, int64_t plane, int64_t count, uint8_t *to) {
  store_pixels_plainly(l, from, plane, store_pixels_fast(l, from, plane, count, to), count, to);
}
