#define _GNU_SOURCE
#include "swl_memory.h"

#include <stddef.h>
#include <sys/mman.h>

void *swl_map_zeros(int64_t byte_count) {
  void *zeros = mmap(NULL, (size_t)byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return zeros == MAP_FAILED ? NULL : zeros;
}

void *swl_map_zeros_large(int64_t byte_count, int64_t filled) {
  char *mapped = swl_map_zeros(byte_count + SWL_LARGE_PAGE);
  if (!mapped) return NULL;
  const int64_t before = (SWL_LARGE_PAGE - (int64_t)((uintptr_t)mapped % SWL_LARGE_PAGE)) % SWL_LARGE_PAGE, behind = SWL_LARGE_PAGE - before;
  char *zeros = mapped + before;
  if (before > 0) munmap(mapped, (size_t)before);
  munmap(zeros + byte_count, (size_t)behind);
  const int64_t large = (filled + SWL_LARGE_PAGE / 4) / SWL_LARGE_PAGE * SWL_LARGE_PAGE;
  // Where it is refused, pages are small.
  if (large > 0) madvise(zeros, (size_t)large, MADV_HUGEPAGE);
  return zeros;
}

void swl_unmap(void *zeros, int64_t byte_count) { munmap(zeros, (size_t)byte_count); }
