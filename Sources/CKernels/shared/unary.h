// Unary functions on floats, written so that a loop over them vectorises: selections, no branches.
#ifndef SWL_UNARY_H
#define SWL_UNARY_H

#include "swl_elementwise.h"
#include "targets.h"

#include <math.h>

// What a mathematical library computes, whose last bits are its own matter. Where that may not be, this is defined to something else before.
#ifndef SWL_LIBRARY
#include "library.h"
#define SWL_LIBRARY(function, alpha, beta, x) swl_library(function, alpha, beta, x)
#endif

// e^x by Cody-Waite reduction to |r| ≤ ln 2 / 2 and the Taylor polynomial of degree 7 (its remainder there is below 3e-9
// relative); under about 1.5 units in the last place. Infinite above 88.72, 0 below −87.33.
SWL_INLINE float swl_exp(float x) {
  float bounded = swl_clamp(x, -87.4f, 88.8f);
  float shifted = bounded * 1.44269504f + 12582912.0f;
  float n = shifted - 12582912.0f;
  float r = (bounded - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r * r + r + 1.0f;
  // 2^n in two factors, since n reaches 128. Unsigned arithmetic, because a NaN's bits may be anything.
  uint32_t exponent = swl_bits(shifted) - 0x4B400000u;
  uint32_t half = (uint32_t)((int32_t)exponent >> 1);
  float y = p * swl_from_bits((half + 127u) << 23) * swl_from_bits((exponent - half + 127u) << 23);
  y = x > 88.7228f ? INFINITY : y;
  y = x < -87.3365f ? 0.0f : y;
  return x != x ? x : y;
}

// The same for x ≤ 0 (infinite ones included): the least number that it gives is e^−87, which is 0 beside anything it is added to. NaN isn't kept.
SWL_INLINE float swl_exp_of_negative(float x) {
  const float bounded = x > -87.0f ? x : -87.0f;
  const float shifted = bounded * 1.44269504f + 12582912.0f;
  const float n = shifted - 12582912.0f, r = (bounded - n * 0.693359375f) - n * -2.12194440e-4f, square = r * r;
  // Halves of the polynomial side by side: one behind the other each product waits for the one before.
  const float low = (0.5f + r * (1.0f / 6.0f)) + square * (1.0f / 24.0f + r * (1.0f / 120.0f));
  const float high = 1.0f / 720.0f + r * (1.0f / 5040.0f);
  const float p = (low + square * square * high) * square + r + 1.0f;
  return swl_from_bits(swl_bits(p) + ((swl_bits(shifted) - 0x4B400000u) << 23));
}

SWL_INLINE float swl_sigmoid(float x) { return 1.0f / (1.0f + swl_exp(-x)); }

// Near 0 the odd Taylor-like polynomial (coefficients of Cephes' tanhf), elsewhere 1 − 2 / (e^2|x| + 1), in powers of e^−2|x|.
SWL_INLINE float swl_tanh(float x) {
  const float magnitude = x < 0.0f ? -x : x, e = swl_exp_of_negative(-2.0f * magnitude);
  float far = 1.0f - (e + e) / (e + 1.0f);
  float z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  float near = p * z * x + x;
  far = x < 0.0f ? -far : far;
  far = x != x ? x : far;
  return magnitude < 0.625f ? near : far;
}

// x × tanh(log(1 + e^x)) with tanh written in powers of e^x, which leaves nothing to cancel.
SWL_INLINE float swl_mish(float x) {
  float e = swl_exp(x > 20.0f ? 20.0f : x);
  float n = e * (e + 2.0f);
  float y = x * (n / (n + 2.0f));
  return x > 20.0f ? x : y;
}

// 0.5 × (1 + tanh(z)) is the logistic function of 2z, which keeps its digits where tanh is near −1.
SWL_INLINE float swl_gelu_tanh(float x) { return x / (1.0f + swl_exp(-1.5957691f * (x + 0.044715f * x * x * x))); }

// 0.5 × x × erfc(−x ÷ √2). With t = 1 ÷ (1 + 0.3|x|), erfc(|x| ÷ √2) × e^(x² ÷ 2) ÷ t is nearly a polynomial in t (fitted for the least
// relative error over |x| ≤ 13.5, 1.3e-7); what comes out is within 1.5e-7 or two units in the last place of the definition.
SWL_INLINE float swl_gelu(float x) {
  const float magnitude = x < 0.0f ? -x : x, t = 1.0f / (1.0f + 0.3f * magnitude);
  const float u = t * t, v = u * u;
  const float low = (0.23925278f + t * 0.24159672f) + u * (0.19927498f + t * 0.25893841f);
  const float high = (-0.11078771f + t * 0.41641324f) + u * (-0.31655202f + t * 0.07186347f);
  // Nothing is left of e^(−x² ÷ 2) from 13.3 on; where x is infinite, 0 times it would be no number.
  const float tail = magnitude > 13.5f ? 0.0f : 0.5f * magnitude * ((low + v * high) * t * swl_exp_of_negative(-0.5f * x * x));
  return x > 0.0f ? x - tail : x < 0.0f ? -tail : x;
}

// For magnitudes from 2^22 on a float is a whole number already.
SWL_INLINE float swl_round_even(float x) {
  float magnitude = swl_from_bits(swl_bits(x) & 0x7FFFFFFFu);
  float rounded = (magnitude + 8388608.0f) - 8388608.0f;
  rounded = magnitude < 8388608.0f ? rounded : magnitude;
  return swl_from_bits(swl_bits(rounded) | (swl_bits(x) & 0x80000000u));
}

SWL_INLINE float swl_floor(float x) {
  float rounded = swl_round_even(x);
  return rounded > x ? rounded - 1.0f : rounded;
}

// −floor(−x), so that a result of 0 keeps the sign that IEEE 754 gives it.
SWL_INLINE float swl_ceil(float x) { return -swl_floor(-x); }

// Where input and output are the same memory a compiler's own check for overlap would leave it with one element at a time.
#if defined(__clang__)
#define SWL_IN_PLACE _Pragma("clang loop vectorize(assume_safety)")
#else
#define SWL_IN_PLACE _Pragma("GCC ivdep")
#endif
#define SWL_EACH(expression)                                                                                           \
  for (int64_t i = 0; i < count; i++) {                                                                                \
    float x = input[i];                                                                                                \
    output[i] = (expression);                                                                                          \
  }                                                                                                                    \
  break

// Of expressions that are instructions alone, no calls.
#define SWL_EACH_AT_ONCE(expression) SWL_IN_PLACE SWL_EACH(expression)

// output[i] = function(input[i]); the two may be the same memory.
SWL_INLINE void swl_unary_row(int32_t function, float alpha, float beta, const float *input, float *output, int64_t count) {
  switch ((enum swl_unary_function)function) {
  case SWL_IDENTITY:
    if (output != input) memmove(output, input, (size_t)count * sizeof(float));
    break;
  case SWL_CLAMP: SWL_EACH_AT_ONCE(swl_clamp(x, alpha, beta));
  case SWL_SIGMOID: SWL_EACH_AT_ONCE(swl_sigmoid(x));
  case SWL_SILU: SWL_EACH_AT_ONCE(x / (1.0f + swl_exp(-x)));
  case SWL_TANH: SWL_EACH_AT_ONCE(swl_tanh(x));
  case SWL_LEAKY_RELU: SWL_EACH_AT_ONCE(x < 0.0f ? alpha * x : x);
  case SWL_HARD_SIGMOID: SWL_EACH_AT_ONCE(swl_clamp(alpha * x + beta, 0.0f, 1.0f));
  case SWL_HARD_SWISH: SWL_EACH_AT_ONCE(x * swl_clamp(alpha * x + beta, 0.0f, 1.0f));
  case SWL_EXP: SWL_EACH_AT_ONCE(swl_exp(x));
  case SWL_LOG: SWL_EACH(SWL_LIBRARY(SWL_LOG, alpha, beta, x));
  case SWL_SQRT: SWL_EACH(sqrtf(x));
  case SWL_RECIPROCAL: SWL_EACH_AT_ONCE(1.0f / x);
  case SWL_NEGATE: SWL_EACH(-x);
  case SWL_ABSOLUTE: SWL_EACH(swl_from_bits(swl_bits(x) & 0x7FFFFFFFu));
  case SWL_ERF: SWL_EACH(SWL_LIBRARY(SWL_ERF, alpha, beta, x));
  case SWL_GELU: SWL_EACH_AT_ONCE(swl_gelu(x));
  case SWL_ELU: SWL_EACH(SWL_LIBRARY(SWL_ELU, alpha, beta, x));
  case SWL_SOFTPLUS: SWL_EACH(SWL_LIBRARY(SWL_SOFTPLUS, alpha, beta, x));
  case SWL_FLOOR: SWL_EACH(swl_floor(x));
  case SWL_CEIL: SWL_EACH(swl_ceil(x));
  case SWL_ROUND: SWL_EACH(swl_round_even(x));
  case SWL_POWER: SWL_EACH(SWL_LIBRARY(SWL_POWER, alpha, beta, x));
  case SWL_AFFINE: SWL_EACH_AT_ONCE(alpha * x + beta);
  case SWL_MISH: SWL_EACH_AT_ONCE(swl_mish(x));
  case SWL_SINE: SWL_EACH(SWL_LIBRARY(SWL_SINE, alpha, beta, x));
  case SWL_COSINE: SWL_EACH(SWL_LIBRARY(SWL_COSINE, alpha, beta, x));
  case SWL_SIGN: SWL_EACH(x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x);
  case SWL_TANGENT: SWL_EACH(SWL_LIBRARY(SWL_TANGENT, alpha, beta, x));
  case SWL_ARCSINE: SWL_EACH(SWL_LIBRARY(SWL_ARCSINE, alpha, beta, x));
  case SWL_ARCCOSINE: SWL_EACH(SWL_LIBRARY(SWL_ARCCOSINE, alpha, beta, x));
  case SWL_ARCTANGENT: SWL_EACH(SWL_LIBRARY(SWL_ARCTANGENT, alpha, beta, x));
  case SWL_SINH: SWL_EACH(SWL_LIBRARY(SWL_SINH, alpha, beta, x));
  case SWL_COSH: SWL_EACH(SWL_LIBRARY(SWL_COSH, alpha, beta, x));
  case SWL_ASINH: SWL_EACH(SWL_LIBRARY(SWL_ASINH, alpha, beta, x));
  case SWL_ACOSH: SWL_EACH(SWL_LIBRARY(SWL_ACOSH, alpha, beta, x));
  case SWL_ATANH: SWL_EACH(SWL_LIBRARY(SWL_ATANH, alpha, beta, x));
  case SWL_SOFTSIGN: SWL_EACH(x / (1.0f + (x < 0.0f ? -x : x)));
  case SWL_SELU: SWL_EACH(SWL_LIBRARY(SWL_SELU, alpha, beta, x));
  case SWL_CELU: SWL_EACH(SWL_LIBRARY(SWL_CELU, alpha, beta, x));
  case SWL_THRESHOLDED_RELU: SWL_EACH(x > alpha || x != x ? x : 0.0f);
  case SWL_SHRINK: SWL_EACH(x < -alpha ? x + beta : x > alpha ? x - beta : x != x ? x : 0.0f);
  case SWL_GELU_TANH: SWL_EACH_AT_ONCE(swl_gelu_tanh(x));
  case SWL_SWISH: SWL_EACH_AT_ONCE(x / (1.0f + swl_exp(-alpha * x)));
  }
}

#undef SWL_EACH
#undef SWL_EACH_AT_ONCE
#undef SWL_IN_PLACE
#endif
