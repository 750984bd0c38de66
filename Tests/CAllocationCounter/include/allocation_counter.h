// Counts heap allocations of the calling thread, for tests that say "this allocates nothing".
#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

// Whether this build counts at all: sanitizers bring their own allocator.
bool allocation_counter_works(void);
// The calling thread's allocations so far.
uint64_t allocation_count(void);
// Sets the mark from which the calling thread's bytes are counted.
void allocation_peak_mark(void);
// The most bytes that the calling thread held at once since the mark, of what it took since.
int64_t allocation_peak(void);

#endif
