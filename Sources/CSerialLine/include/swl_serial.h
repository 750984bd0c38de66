// Serial devices as byte pipes: raw, exclusive, never blocking; and pseudo-terminals, their stand-in for tests.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Opens a serial device: raw bytes, 8N1, no flow control, no controlling terminal, locked against every other opener that asks for the lock.
/// What waits in its buffers from before is thrown away. `*ret_descriptor` is to be closed by the caller.
/// Returns 0, -EBUSY where another process holds it, -EINVAL for a rate that termios can't name, -ENOTTY where it is no terminal, or another
/// negative errno.
int swl_serial_open(const char *path, unsigned baud_rate, int *ret_descriptor);

/// Closes any of these descriptors; a device may be opened by others again.
void swl_serial_close(int descriptor);

/// Reads without waiting. Returns a count, 0 where nothing is there, -EPIPE where the device is gone, or another negative errno.
ptrdiff_t swl_serial_read(int descriptor, void *bytes, size_t count);

/// Writes without waiting. Returns a count, 0 where the device takes nothing now, or a negative errno.
ptrdiff_t swl_serial_write(int descriptor, const void *bytes, size_t count);

/// A descriptor that `swl_serial_wake` makes ready, to end a wait from another thread. Returns 0 or a negative errno.
int swl_serial_wake_open(int *ret_descriptor);
void swl_serial_wake(int wake);

enum swl_serial_event { SWL_SERIAL_READABLE = 1, SWL_SERIAL_WRITABLE = 2, SWL_SERIAL_WOKEN = 4, SWL_SERIAL_GONE = 8 };

/// Waits until the device has bytes (or takes some, where `wants_to_write`), until it is woken or gone, or for so many nanoseconds. A negative
/// descriptor is not waited for. Returns the events, 0 after the time, or a negative errno.
int swl_serial_wait(int descriptor, int wants_to_write, int wake, int64_t nanoseconds);

/// A pseudo-terminal: the master's descriptor and the path of the slave, which is raw. The slave is held open by `*ret_slave`, so that the master
/// has no end before somebody opens it. Returns 0 or a negative errno.
int swl_serial_pair(int *ret_master, int *ret_slave, char *path, size_t size);
