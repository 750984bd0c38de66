// IEEE 754 binary16 by arithmetic that every compiler has.
#ifndef SWL_HALF_H
#define SWL_HALF_H

#include "targets.h"

SWL_INLINE float swl_half_to_float(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 0x1Fu, fraction = half & 0x3FFu;
  if (exponent == 0x1Fu) return swl_from_bits(sign | 0x7F800000u | fraction << 13);
  if (exponent != 0) return swl_from_bits(sign | (exponent + 112u) << 23 | fraction << 13);
  return swl_from_bits(swl_bits((float)fraction * 0x1p-24f) | sign);
}

// The nearest, ties to even, rounded once. Adding and taking away 2^52 rounds to a whole number that way.
SWL_INLINE uint16_t swl_double_to_half(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  const uint16_t sign = (uint16_t)(bits >> 48 & 0x8000u);
  const double magnitude = x < 0.0 ? -x : x;
  if (x != x) return (uint16_t)(sign | 0x7E00u);
  if (magnitude >= 65520.0) return (uint16_t)(sign | 0x7C00u);
  if (magnitude < 0x1p-14) return (uint16_t)(sign | (uint16_t)((magnitude * 0x1p24 + 0x1p52) - 0x1p52));
  // 10 fraction bits stay: rounding in place may carry into the exponent, which is what it should do.
  const uint64_t kept = bits & 0x7FFFFFFFFFFFFFFFu, rounded = kept + 0x1FFFFFFFFFFu + (kept >> 42 & 1u);
  return (uint16_t)(sign | (uint16_t)((rounded - ((uint64_t)(1023 - 15) << 52)) >> 42));
}

// The same of a float, in selections that vectorise. What is too small for a normal half is rounded by adding a float so large that its fraction ends where
// theirs does.
SWL_INLINE uint16_t swl_float_to_half(float x) {
  const uint32_t bits = swl_bits(x), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7FFFFFFFu;
  const uint32_t normal = (magnitude - (112u << 23) + 0xFFFu + (magnitude >> 13 & 1u)) >> 13;
  const uint32_t small = swl_bits(swl_from_bits(magnitude) + 0.5f) - 0x3F000000u;
  uint32_t half = magnitude < 0x38800000u ? small : normal;
  half = magnitude >= 0x477FF000u ? 0x7C00u : half;
  half = magnitude > 0x7F800000u ? 0x7E00u : half;
  return (uint16_t)(sign | half);
}

#endif
