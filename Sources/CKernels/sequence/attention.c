#include "attention_parts.h"

int64_t swl_attention_items(const struct swl_kernel *kernel, const struct swl_attention *a) {
  return a->length == 1 ? a->heads : a->heads * ((a->length + kernel->columns - 1) / kernel->columns);
}

int64_t swl_attention_scratch(const struct swl_kernel *kernel, const struct swl_attention *a) {
  if (a->length == 1) return a->heads * (a->rows + 1) * 4;
  return (2 * a->size + ATTENTION_KEYS) * kernel->columns * 4;
}

int64_t swl_attention_f16_scratch(const struct swl_attention *a) { return (a->heads * (a->rows + 1) + ATTENTION_ROWS * a->heads * a->size) * 4; }
