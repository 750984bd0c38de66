// Counts heap allocations of the calling thread, for tests that say "this allocates nothing".
#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

// Whether this build counts at all: sanitizers bring their own allocator.
bool allocation_counter_works(void);
// The calling thread's allocations so far.
uint64_t allocation_count(void);

#endif
