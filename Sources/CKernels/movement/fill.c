#include "../shared/kernels.h"
#include "../shared/targets.h"

#include "swl_movement.h"

#define PATTERN(type)                                                                                                  \
  for (int64_t i = first; i < last; i++) ((type *)a->output)[i] = (type)a->pattern;                                    \
  break

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_fill *a = arguments;
  (void)scratch;
  int64_t first = begin * SWL_CHUNK, last = swl_minimum(end * SWL_CHUNK, a->count);
  switch (a->element_size) {
  case 1: PATTERN(uint8_t);
  case 2: PATTERN(uint16_t);
  case 4: PATTERN(uint32_t);
  default: PATTERN(uint64_t);
  }
}

SWL_INSTANTIATE(swl_fill, body)
