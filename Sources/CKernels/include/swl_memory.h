#ifndef SWL_MEMORY_H
#define SWL_MEMORY_H

#include <stdint.h>

// Zeros that the system maps, at the boundary of a page; pages that nothing is written to take no memory. NULL where there is none left.
void *swl_map_zeros(int64_t byte_count);
void swl_unmap(void *zeros, int64_t byte_count);

#endif
