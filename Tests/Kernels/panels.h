// Panels that are packed many windows at a time are those that the plain way packs, byte by byte: for the kernels of AVX2.
#if defined(__x86_64__)
#include "../../Sources/CKernels/convolution/paired.h"

static void check_panels(const struct swl_kernel *kernel, const struct swl_blocking *b, const int8_t *weights, const int8_t *packed) {
  if (kernel->depth != SWL_PAIRED_WINDOW) return;
  const uint32_t *begins = (const uint32_t *)(const void *)packed;
  int8_t *expected = malloc((size_t)swl_paired_panel_bound(b));
  if (!expected) abort();
  for (int64_t i = 0; i < b->groups * b->panels; i++) {
    const int64_t column = i % b->panels * SWL_PAIRED_COLUMNS, rest = b->group_outputs - column;
    const int8_t *first = weights + (i / b->panels * b->group_outputs + column) * b->depth;
    const int64_t size = swl_pack_paired_panel_singly(first, rest < SWL_PAIRED_COLUMNS ? rest : SWL_PAIRED_COLUMNS, b, expected);
    // Between a panel's windows and its weights lies what nobody reads.
    const int64_t read = (int64_t)sizeof(struct swl_paired_panel) + swl_paired_windows(b) * (int64_t)sizeof(struct swl_paired_window);
    const int64_t offset = swl_paired_weights_offset(b);
    const int8_t *panel = packed + begins[i] * 64;
    const bool are_alike = (begins[i + 1] - begins[i]) * 64 == size && memcmp(panel, expected, (size_t)read) == 0;
    if (are_alike && memcmp(panel + offset, expected + offset, (size_t)(size - offset)) == 0) continue;
    printf("panel %d of %d columns, %d weights deep, isn't packed as window by window\n", (int)i, (int)b->group_outputs, (int)b->depth);
    exit(1);
  }
  free(expected);
}
#else
static void check_panels(const struct swl_kernel *kernel, const struct swl_blocking *b, const int8_t *weights, const int8_t *packed) {
  (void)kernel, (void)b, (void)weights, (void)packed;
}
#endif
