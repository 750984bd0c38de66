// Target attributes and the arithmetic that several families share.
#ifndef SWL_TARGETS_H
#define SWL_TARGETS_H

#include <stdint.h>
#include <string.h>

#define SWL_INLINE static inline __attribute__((always_inline, unused))

#if defined(__x86_64__)
#define SWL_TARGET_AVX2 __attribute__((target("avx2,fma,f16c")))
#define SWL_TARGET_AVX512_VNNI __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#endif

// Makes the kernels of a family whose body is plain C that compilers vectorise: the same source at the architecture's
// baseline (NEON on AArch64) and with AVX2. Only operations that IEEE 754 defines exactly are used, and contraction is
// off, so all of them give the same bits.
#if defined(__x86_64__)
#define SWL_INSTANTIATE(name, body)                                                                                    \
  void name##__scalar(const void *arguments, void *scratch, int64_t begin, int64_t end) { body(arguments, scratch, begin, end); } \
  SWL_TARGET_AVX2 void name##__avx2(const void *arguments, void *scratch, int64_t begin, int64_t end) {               \
    body(arguments, scratch, begin, end);                                                                              \
  }
#else
#define SWL_INSTANTIATE(name, body)                                                                                    \
  void name##__scalar(const void *arguments, void *scratch, int64_t begin, int64_t end) { body(arguments, scratch, begin, end); }
#endif

SWL_INLINE uint32_t swl_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

SWL_INLINE float swl_from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// The integer nearest to a value of magnitude below 2^22, ties to even: adding 1.5 × 2^23 leaves no fraction bits, and the
// addition itself rounds that way.
SWL_INLINE int32_t swl_round(float value) { return (int32_t)swl_bits(value + 12582912.0f) - 0x4B400000; }

// NaN passes through.
SWL_INLINE float swl_clamp(float value, float lower, float upper) {
  value = value < lower ? lower : value;
  return value > upper ? upper : value;
}

// What an 8-bit type stores for a value; NaN gives the zero point. The bounds have the zero point taken off.
SWL_INLINE uint8_t swl_quantised(float value, float scale, float lower, float upper, int32_t zero_point) {
  float scaled = value / scale;
  scaled = scaled != scaled ? 0.0f : scaled;
  return (uint8_t)(swl_round(swl_clamp(scaled, lower, upper)) + zero_point);
}

SWL_INLINE int64_t swl_minimum(int64_t a, int64_t b) { return a < b ? a : b; }
SWL_INLINE int64_t swl_maximum(int64_t a, int64_t b) { return a > b ? a : b; }

#endif
