// Datagrams to the system journal: of sealing and passing descriptors glibc offers the macros to C alone.
#pragma once
#include <stddef.h>

/// A datagram socket for swl_journal_send, or a negative errno.
int swl_journal_open(void);

/// Sends an entry to the journal's socket at `path`: as one datagram, or, where it is too large for one, as a sealed file in memory. Never
/// waits: where the journal doesn't keep up the result is -EAGAIN. Returns 0 or a negative errno.
int swl_journal_send(int socket, const char *path, const void *bytes, size_t count);
