#define _GNU_SOURCE
#include "swl_video.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

int swl_wake_open(int *ret_descriptor) {
  int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (descriptor < 0) return -errno;
  *ret_descriptor = descriptor;
  return 0;
}

void swl_wake(int descriptor) {
  uint64_t one = 1;
  // Full means that it is readable already.
  ssize_t written = write(descriptor, &one, sizeof one);
  (void)written;
}

int swl_watch_open(const char *folder, int *ret_descriptor) {
  int descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor < 0) return -errno;
  if (inotify_add_watch(descriptor, folder, IN_CREATE | IN_MOVED_TO | IN_ATTRIB) < 0) {
    int status = -errno;
    close(descriptor);
    return status;
  }
  *ret_descriptor = descriptor;
  return 0;
}

void swl_watch_drain(int descriptor) {
  char events[4096];
  while (read(descriptor, events, sizeof events) > 0) {
  }
}

enum swl_wait_result swl_wait(int wake, int other, int64_t nanoseconds) {
  struct pollfd descriptors[2] = {{.fd = wake, .events = POLLIN}, {.fd = other, .events = POLLIN}};
  if (nanoseconds < 0) nanoseconds = 0;
  struct timespec timeout = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
  // An interrupted wait reads as a short one; callers look at their deadline.
  if (ppoll(descriptors, 2, &timeout, NULL) <= 0) return SWL_WAIT_TIMEOUT;
  if (descriptors[0].revents) return SWL_WAIT_WOKEN;
  if (descriptors[1].revents & POLLIN) return SWL_WAIT_READY;
  return descriptors[1].revents ? SWL_WAIT_FAILED : SWL_WAIT_TIMEOUT;
}
