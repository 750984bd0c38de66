// What glibc's allocator offers only to C.
#pragma once
#include <stddef.h>

/// At most so many heaps for all threads together; more that there are already stay. To be called before there are many threads, as glibc gives up to
/// eight a processor to threads that allocate at the same time, and each keeps what it was ever at its largest. Returns 0 or a negative errno.
int swl_heap_set_count(size_t count);
