// The test executable's own malloc family, in front of the C library's: each call is counted for its thread, then served by
// glibc under the names it exports for that purpose.
#include "allocation_counter.h"

#include <errno.h>
#include <malloc.h>
#include <stddef.h>

static __thread uint64_t count;
// Bytes that the thread took and hasn't given back since the mark, and the most of them at once. Blocks of other threads that it
// frees count as given back.
static __thread int64_t live, peak;

uint64_t allocation_count(void) { return count; }

void allocation_peak_mark(void) { live = peak = 0; }
int64_t allocation_peak(void) { return peak; }

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

#if defined(SANITIZED) || !defined(__GLIBC__)
bool allocation_counter_works(void) { return false; }
#else
bool allocation_counter_works(void) { return true; }

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

static void *taken(void *block) {
  count++;
  if (block) live += (int64_t)malloc_usable_size(block);
  if (live > peak) peak = live;
  return block;
}

static void given(void *block) {
  if (block) live -= (int64_t)malloc_usable_size(block);
}

void *malloc(size_t size) { return taken(__libc_malloc(size)); }

void *calloc(size_t number, size_t size) { return taken(__libc_calloc(number, size)); }

void *realloc(void *block, size_t size) {
  int64_t before = block ? (int64_t)malloc_usable_size(block) : 0;
  void *moved = __libc_realloc(block, size);
  // While it moves, the old block is there as well; a failed call leaves it.
  if (moved || size == 0) live -= before;
  return taken(moved);
}

void *memalign(size_t alignment, size_t size) { return taken(__libc_memalign(alignment, size)); }

void free(void *block) {
  given(block);
  __libc_free(block);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **ret_block, size_t alignment, size_t size) {
  void *block = memalign(alignment, size);
  if (!block) return ENOMEM;
  *ret_block = block;
  return 0;
}
#endif
