// Eight channels at a time.
#if defined(__aarch64__)
#include "../shared/epilogue_neon.h"
#include "depthwise_q8.h"

#include <arm_neon.h>

SWL_INLINE void sum(const struct swl_depthwise_q8 *d, const uint8_t *const *taps, int64_t tap_count, int32_t *sums) {
  const int64_t channels = d->window.input_channels;
  if (channels < 8) {
    sum_plainly(d, taps, tap_count, 0, sums);
    return;
  }
  const uint8x8_t flip = vdup_n_u8((uint8_t)d->input_flip);
  const int16x8_t offset = vdupq_n_s16((int16_t)(d->input_flip + d->input_zero_point));
  for (int64_t block = 0; block < channels; block += 8) {
    int64_t first = swl_minimum(block, channels - 8);
    int32x4_t low = vdupq_n_s32(0), high = vdupq_n_s32(0);
    for (int64_t tap = 0; tap < tap_count; tap++) {
      uint8x8_t bytes = veor_u8(vld1_u8(taps[tap] + first), flip);
      int16x8_t values = vsubq_s16(vreinterpretq_s16_u16(vmovl_u8(bytes)), offset);
      int16x8_t weights = vld1q_s16(d->weights + tap * channels + first);
      low = vmlal_s16(low, vget_low_s16(values), vget_low_s16(weights));
      high = vmlal_s16(high, vget_high_s16(values), vget_high_s16(weights));
    }
    vst1q_s32(sums + first, low);
    vst1q_s32(sums + first + 4, high);
  }
}

#define KERNEL swl_depthwise_q8_8__neon
#define TARGET
#define SUM sum
#define REQUANTISE swl_requantise_row_neon
#include "driver_q8.h"
#else
typedef int swl_not_arm;
#endif
