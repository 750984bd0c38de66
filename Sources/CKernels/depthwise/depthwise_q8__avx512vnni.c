// Blocks of 64 or 32 channels; four rows of the kernel meet in one vpdpbusd, column by column: each adds to the sums of all output pixels that
// it lies under. The input is read as unsigned bytes u = x + offset, so the sum over x is the sum over u less offset × the weight sum.
#if defined(__x86_64__)
#include "../shared/epilogue_avx2.h"
#include "../shared/epilogue_avx512.h"
#include "depthwise_q8.h"
#include "quads.h"

#include <immintrin.h>

#define LANES 4
#define NAME(x) x##_wide
#define V __m512i
#define MASK __mmask64
#define OP(x) _mm512_##x
#define WHOLE(x) _mm512_##x##_si512
#define WIDEN(x) (x)
#define NARROW(x) (x)
#include "columns_vnni.h"

#define LANES 2
#define NAME(x) x##_slim
#define V __m256i
#define MASK __mmask32
#define OP(x) _mm256_##x
#define WHOLE(x) _mm256_##x##_si256
#define WIDEN(x) _mm512_castsi256_si512(x)
#define NARROW(x) _mm512_castsi512_si256(x)
#include "columns_vnni.h"

SWL_TARGET_AVX512_VNNI void swl_depthwise_q8_64__avx512vnni(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_depthwise_q8 *d = arguments;
  const struct swl_window *w = &d->window;
  if (!swl_has_quads(w)) {
    swl_depthwise_q8_16__avx2(arguments, scratch, begin, end);
    return;
  }
  const struct swl_requantisation *r = &d->requantisation;
  struct swl_table_avx512 prepared;
  const struct swl_table_avx512 *table = r->residual ? NULL : swl_prepared_table_avx512(r, &prepared);
  for (int64_t item = begin; item < end;) {
    const struct swl_quad_items at = swl_quad_items(w, item, end);
    const struct swl_quad_block block = swl_quad_block(w, at.block);
    (block.width == 64 ? run_block_wide : run_block_slim)(d, table, &block, at.first, at.last);
    item += at.last - at.first;
  }
}
#else
typedef int swl_not_x86;
#endif
