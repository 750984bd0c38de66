#include "swl_probe.h"

#include "../shared/targets.h"

#define SUMS 8

// A function of that name: turn after turn, `next` makes of each sum and of left and right the sum's next value. Nothing is known
// of a register that has passed an empty asm, so no turn can be left out or moved. `lanes` multiplications a sum and turn.
#define PROBE(name, target, reg, sum_type, operand_type, nought, operand, next, lanes)                                 \
  target static int64_t name(int64_t turns) {                                                                          \
    sum_type sums[SUMS];                                                                                               \
    operand_type left = operand, right = operand;                                                                      \
    for (int i = 0; i < SUMS; i++) sums[i] = nought;                                                                   \
    for (int64_t turn = 0; turn < turns; turn++) {                                                                     \
      _Pragma("GCC unroll 8") for (int i = 0; i < SUMS; i++) {                                                         \
        sum_type sum = sums[i];                                                                                        \
        __asm__ volatile("" : "+" reg(left));                                                                          \
        sum = next;                                                                                                    \
        __asm__ volatile("" : "+" reg(sum));                                                                           \
        sums[i] = sum;                                                                                                 \
      }                                                                                                                \
    }                                                                                                                  \
    return turns * SUMS * (lanes);                                                                                     \
  }

#if defined(__x86_64__)
#include <immintrin.h>

PROBE(bytes_avx2, SWL_TARGET_AVX2, "x", __m256i, __m256i, _mm256_setzero_si256(), _mm256_set1_epi8(1),
      _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(left, right), _mm256_set1_epi16(1))), 32)
PROBE(floats_avx2, SWL_TARGET_AVX2, "x", __m256, __m256, _mm256_setzero_ps(), _mm256_set1_ps(0.5f), _mm256_fmadd_ps(left, right, sum), 8)
PROBE(bytes_avx512vnni, SWL_TARGET_AVX512_VNNI, "v", __m512i, __m512i, _mm512_setzero_si512(), _mm512_set1_epi8(1),
      _mm512_dpbusd_epi32(sum, left, right), 64)

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

PROBE(words_neon, , "w", int32x4_t, int16x4_t, vdupq_n_s32(0), vdup_n_s16(1), vmlal_s16(sum, left, right), 4)
PROBE(floats_neon, , "w", float32x4_t, float32x4_t, vdupq_n_f32(0), vdupq_n_f32(0.5f), vfmaq_f32(sum, left, right), 4)
PROBE(bytes_neondot, TARGET_DOT, "w", int32x4_t, int8x16_t, vdupq_n_s32(0), vdupq_n_s8(1), vdotq_s32(sum, left, right), 16)

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
