#include "attention_parts.h"

static int64_t blocks(const struct swl_attention *a) { return (a->length + SWL_ATTENTION_QUERIES - 1) / SWL_ATTENTION_QUERIES; }

int64_t swl_attention_items(const struct swl_attention *a) { return a->heads * blocks(a); }

int64_t swl_attention_scratch(const struct swl_kernel *kernel, const struct swl_attention *a) {
  if (a->length == 1) return (a->rows + 1) * 4;
  const int64_t columns = kernel->columns, padded = (a->size + columns - 1) / columns * columns;
  const int64_t scores = SWL_ATTENTION_QUERIES * ATTENTION_KEYS, found = SWL_ATTENTION_QUERIES * padded;
  const int64_t panels = swl_maximum(a->size, ATTENTION_KEYS) * columns, rows = 3 * SWL_ATTENTION_QUERIES;
  return (scores + found + panels + rows + kernel->rows * columns) * 4;
}
