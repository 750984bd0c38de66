#include "shared/pixel.h"

/// The last rows of samples unpacked, row y at y modulo 4, and which they are.
struct swl_sample_rows {
  uint16_t *samples;
  uint8_t *colours;
  int32_t held[4];
};

#define SWL_VARIANT(name) name##__baseline
#define SWL_TARGET
#define SWL_CONVERT_PACKED(from, width, colour, y0, r, g, b) 0
#define SWL_BLEND(upper, lower, weight, count, out) 0
#define SWL_MIXES 0
#include "read_row.h"

#include "prepare.h"
#undef SWL_VARIANT
#undef SWL_TARGET
#undef SWL_CONVERT_PACKED
#undef SWL_BLEND
#undef SWL_MIXES

#if defined(__x86_64__)
#include "columns_avx2.h"

#define SWL_VARIANT(name) name##__avx2
#define SWL_TARGET __attribute__((target("avx2")))
#define SWL_CONVERT_PACKED convert_packed_avx2
#define SWL_BLEND blend_avx2
#define SWL_MIXES 1
#include "read_row.h"

#include "prepare.h"
#undef SWL_VARIANT
#undef SWL_TARGET
#undef SWL_CONVERT_PACKED
#undef SWL_BLEND
#undef SWL_MIXES
#endif

enum swl_preparation_variant swl_best_preparation_variant(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return SWL_PREPARATION_AVX2;
#endif
  return SWL_PREPARATION_BASELINE;
}

void swl_prepare(enum swl_preparation_variant variant, const struct swl_preparation *preparation, const struct swl_source *source, void *tensor) {
#if defined(__x86_64__)
  if (variant == SWL_PREPARATION_AVX2) {
    prepare__avx2(preparation, source, tensor);
    return;
  }
#endif
  (void)variant;
  prepare__baseline(preparation, source, tensor);
}
