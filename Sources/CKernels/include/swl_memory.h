#ifndef SWL_MEMORY_H
#define SWL_MEMORY_H

#include <stdint.h>

// Zeros that the system maps, at the boundary of a page; pages that nothing is written to take no memory. NULL where there is none left.
void *swl_map_zeros(int64_t byte_count);

// Of the system's large pages, where it has such.
#define SWL_LARGE_PAGE 2097152

// As swl_map_zeros, at a multiple of SWL_LARGE_PAGE, which `byte_count` is, too, and at least `filled`. So many bytes from the first on will all be written
// to, and may lie in large pages, the last of them where three quarters of it are filled. A large page is given with all its bytes, for one fault.
void *swl_map_zeros_large(int64_t byte_count, int64_t filled);

void swl_unmap(void *zeros, int64_t byte_count);

#endif
