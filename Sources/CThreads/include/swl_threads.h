// What glibc offers for threads only to C with _GNU_SOURCE. All of it acts on the calling thread.
#pragma once
#include <stddef.h>
#include "swl_clock.h"
#include "swl_heap.h"
#include "swl_journal.h"
#include "swl_signals.h"

/// Names the calling thread; the kernel keeps the first 15 bytes. Returns 0 or a negative errno.
int swl_thread_set_name(const char *name);

/// Lets the calling thread run on the given processors only; numbers the kernel can't express are ignored, and with none
/// left nothing changes. Returns 0 or a negative errno.
int swl_thread_set_processors(const int *processors, size_t count);

/// Lets the calling thread give way to others by so much more than it does, 0 or more; at 19 it has what others leave of the processors, and
/// hardly more. Returns 0 or a negative errno.
int swl_thread_add_niceness(int niceness);
