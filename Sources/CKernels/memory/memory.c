#define _GNU_SOURCE
#include "swl_memory.h"

#include <stddef.h>
#include <sys/mman.h>

void *swl_map_zeros(int64_t byte_count) {
  void *zeros = mmap(NULL, (size_t)byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return zeros == MAP_FAILED ? NULL : zeros;
}

void swl_unmap(void *zeros, int64_t byte_count) { munmap(zeros, (size_t)byte_count); }
