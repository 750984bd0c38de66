// Requantisation eight channels at a time: the same values as swl_requantise_row, in vectors.
#ifndef SWL_EPILOGUE_NEON_H
#define SWL_EPILOGUE_NEON_H

#if defined(__aarch64__)
#include "epilogue.h"

#include <arm_neon.h>

// Tables of 256 bytes: indices beyond a quarter's 64 give 0, or leave what was found.
SWL_INLINE uint8x8_t swl_look_up_eight(const uint8_t *table, uint8x8_t places) {
  uint8x8_t found = vqtbl4_u8(vld1q_u8_x4(table), places);
#pragma GCC unroll 3
  for (int quarter = 1; quarter < 4; quarter++) {
    places = vsub_u8(places, vdup_n_u8(64));
    found = vqtbx4_u8(found, vld1q_u8_x4(table + 64 * quarter), places);
  }
  return found;
}

// Eight products, rounded to even and saturated to 16 bits.
SWL_INLINE int16x8_t swl_products_neon(const struct swl_requantisation *r, const int32_t *sums, int64_t channel) {
  const int32x4_t low = vaddq_s32(vld1q_s32(sums), vld1q_s32(r->bias + channel));
  const int32x4_t high = vaddq_s32(vld1q_s32(sums + 4), vld1q_s32(r->bias + channel + 4));
  const float32x4_t low_product = vmulq_f32(vcvtq_f32_s32(low), vld1q_f32(r->multipliers + channel));
  const float32x4_t high_product = vmulq_f32(vcvtq_f32_s32(high), vld1q_f32(r->multipliers + channel + 4));
  return vcombine_s16(vqmovn_s32(vcvtnq_s32_f32(low_product)), vqmovn_s32(vcvtnq_s32_f32(high_product)));
}

// What gates make of words: rounding, doubling, high-half multiplication, once by 128 × gate and once by the factor, is what the definition's
// shifts by 8 and by 15 do.
SWL_INLINE int16x8_t swl_gated_eight(const struct swl_requantisation *r, int16x8_t words) {
  const uint8x8_t places = veor_u8(vreinterpret_u8_s8(vshrn_n_s16(words, 8)), vdup_n_u8(0x80));
  const int16x8_t gates = vreinterpretq_s16_u16(vshll_n_u8(swl_look_up_eight(r->gates, places), 7));
  return vqrdmulhq_n_s16(vqrdmulhq_s16(words, gates), (int16_t)r->gate_factor);
}

// Of narrow requantisations and without a residual; else, and for what is left of a row, swl_requantise_row.
SWL_INLINE void swl_requantise_row_neon(const struct swl_requantisation *r, const int32_t *sums, int64_t channel, int64_t count, int64_t element,
                                        uint8_t *output) {
  int64_t i = 0;
  if (r->is_narrow && !r->residual) {
    const int16x8_t lower = vdupq_n_s16((int16_t)((int32_t)r->middle_lower + r->middle_zero_point));
    const int16x8_t upper = vdupq_n_s16((int16_t)((int32_t)r->middle_upper + r->middle_zero_point));
    const int16x8_t zero_point = vdupq_n_s16((int16_t)r->middle_zero_point);
    for (; i + 8 <= count; i += 8) {
      int16x8_t words = swl_products_neon(r, sums + i, channel + i);
      if (r->gates) words = swl_gated_eight(r, words);
      words = vminq_s16(vmaxq_s16(vqaddq_s16(words, zero_point), lower), upper);
      uint8x8_t bytes = vreinterpret_u8_s8(vmovn_s16(words));
      if (r->table) bytes = swl_look_up_eight(r->table, bytes);
      vst1_u8(output + element + i, bytes);
    }
  }
  if (i < count) swl_requantise_row(r, sums + i, channel + i, count - i, element + i, output);
}

#endif
#endif
