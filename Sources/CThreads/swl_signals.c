#define _GNU_SOURCE
#include "swl_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

// A handler has no argument of its own to find the pipe by.
static atomic_int writing_end = -1;

static void handle(int number) {
  int saved = errno;
  unsigned char byte = (unsigned char)number;
  // A full pipe has more requests in it than anyone will serve; this one may go.
  ssize_t ignored = write(atomic_load(&writing_end), &byte, 1);
  (void)ignored;
  errno = saved;
}

int swl_signals_open(const int *numbers, size_t count) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
  int expected = -1;
  if (fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0 || !atomic_compare_exchange_strong(&writing_end, &expected, ends[1])) {
    int error = expected != -1 ? EBUSY : errno;
    close(ends[0]);
    close(ends[1]);
    return -error;
  }
  struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < count; i++) {
    if (sigaction(numbers[i], &action, NULL) != 0) return -errno;
  }
  return ends[0];
}
