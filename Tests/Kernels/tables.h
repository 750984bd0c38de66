// Look-ups in vectors, every way of them that this machine can run, beside the plain table.
#ifndef TABLES_H
#define TABLES_H

#if defined(__x86_64__)
#include "../../Sources/CKernels/shared/table_avx512.h"

SWL_TARGET_AVX512_VNNI static bool looks_up(const uint8_t *table, const uint8_t *indices, bool permutes) {
  struct swl_table_avx512 prepared;
  swl_prepare_table_avx512(&prepared, table);
  prepared.permutes = permutes;
  __m512i vectors[3];
  uint8_t found[192];
  for (int i = 0; i < 3; i++) vectors[i] = _mm512_loadu_si512(indices + 64 * i);
  swl_look_up_vectors(&prepared, vectors, 3);
  for (int i = 0; i < 3; i++) _mm512_storeu_si512(found + 64 * i, vectors[i]);
  bool is_right = true;
  for (int i = 0; i < 192; i++) is_right = is_right && found[i] == table[indices[i]];
  return is_right;
}

static void test_tables(int cases) {
  static const struct swl_kernel names[2] = {{.name = "swl_look_up_halves"}, {.name = "swl_permute_vectors"}};
  if (!swl_instruction_set_is_available(SWL_AVX512_VNNI)) return;
  for (int i = 0; i < cases; i++) {
    const uint8_t *table = (const uint8_t *)take_bytes(256), *indices = (const uint8_t *)take_bytes(192);
    for (int way = 0; way < (__builtin_cpu_supports("avx512vbmi") ? 2 : 1); way++) report(looks_up(table, indices, way == 1), &names[way], i, "found another entry");
    while (block_count > 0) free(blocks[--block_count]);
  }
}
#else
static void test_tables(int cases) { (void)cases; }
#endif

#endif
