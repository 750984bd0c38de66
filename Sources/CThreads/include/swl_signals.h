// Signals as bytes in a pipe. A mask and sigwait(3) don't serve here: the main thread of a Swift program with concurrency waits
// in sigsuspend(2) with an empty mask.
#pragma once
#include <stddef.h>

/// From now on each of the given signals is written as one byte, its number, into a pipe instead of taking its default action.
/// Signals belong to the process, so this may be called once only (-EBUSY after that). Returns the pipe's reading end, or a
/// negative errno.
int swl_signals_open(const int *numbers, size_t count);
