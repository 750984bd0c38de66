#define _GNU_SOURCE
#include "swl_serial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static const struct {
  unsigned rate;
  speed_t speed;
} speeds[] = {
    {9600, B9600},     {19200, B19200},   {38400, B38400},   {57600, B57600},     {115200, B115200},   {230400, B230400},
    {460800, B460800}, {500000, B500000}, {921600, B921600}, {1000000, B1000000}, {2000000, B2000000}, {3000000, B3000000},
};

static int make_raw(int descriptor, speed_t speed) {
  struct termios settings;
  if (tcgetattr(descriptor, &settings) != 0) return -errno;
  cfmakeraw(&settings);
  settings.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
  settings.c_cflag |= CLOCAL | CREAD;
  settings.c_cc[VMIN] = 0;
  settings.c_cc[VTIME] = 0;
  if (cfsetspeed(&settings, speed) != 0 || tcsetattr(descriptor, TCSANOW, &settings) != 0) return -errno;
  tcflush(descriptor, TCIOFLUSH);
  return 0;
}

int swl_serial_open(const char *path, unsigned baud_rate, int *ret_descriptor) {
  speed_t speed = B0;
  for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
    if (speeds[i].rate == baud_rate) speed = speeds[i].speed;
  }
  if (speed == B0) return -EINVAL;
  int descriptor = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  int status = 0;
  if (!isatty(descriptor)) status = -ENOTTY;
  // The lock binds those who ask for it; TIOCEXCL all others but root.
  else if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) status = errno == EWOULDBLOCK ? -EBUSY : -errno;
  else status = make_raw(descriptor, speed);
  if (status != 0) {
    close(descriptor);
    return status;
  }
  (void)ioctl(descriptor, TIOCEXCL);
  *ret_descriptor = descriptor;
  return 0;
}

void swl_serial_close(int descriptor) {
  // A terminal that another holds open would stay exclusive.
  if (isatty(descriptor)) (void)ioctl(descriptor, TIOCNXCL);
  close(descriptor);
}

ptrdiff_t swl_serial_read(int descriptor, void *bytes, size_t count) {
  ssize_t got = read(descriptor, bytes, count);
  if (got >= 0) return got;
  if (errno == EAGAIN || errno == EINTR) return 0;
  return errno == EIO ? -EPIPE : -errno;
}

ptrdiff_t swl_serial_write(int descriptor, const void *bytes, size_t count) {
  ssize_t put = write(descriptor, bytes, count);
  if (put >= 0) return put;
  return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

int swl_serial_wake_open(int *ret_descriptor) {
  int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (descriptor < 0) return -errno;
  *ret_descriptor = descriptor;
  return 0;
}

void swl_serial_wake(int wake) {
  uint64_t one = 1;
  ssize_t ignored = write(wake, &one, sizeof one);
  (void)ignored;
}

static int wait_for(struct pollfd *lines, nfds_t count, int64_t nanoseconds) {
  if (nanoseconds < 0) nanoseconds = 0;
  struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
  int ready = ppoll(lines, count, &time, NULL);
  return ready >= 0 ? ready : errno == EINTR ? 0 : -errno;
}

static int take_wake(const struct pollfd *line) {
  if ((line->revents & POLLIN) == 0) return 0;
  uint64_t value;
  ssize_t ignored = read(line->fd, &value, sizeof value);
  (void)ignored;
  return SWL_SERIAL_WOKEN;
}

int swl_serial_wait(int descriptor, int wants_to_write, int wake, int64_t nanoseconds) {
  struct pollfd lines[] = {{.fd = descriptor, .events = wants_to_write ? POLLIN | POLLOUT : POLLIN}, {.fd = wake, .events = POLLIN}};
  int ready = wait_for(lines, 2, nanoseconds);
  if (ready <= 0) return ready;
  int events = take_wake(&lines[1]);
  if (lines[0].revents & POLLIN) events |= SWL_SERIAL_READABLE;
  if (lines[0].revents & POLLOUT) events |= SWL_SERIAL_WRITABLE;
  if (lines[0].revents & (POLLHUP | POLLERR | POLLNVAL)) events |= SWL_SERIAL_GONE;
  return events;
}

int swl_serial_pair(int *ret_master, int *ret_slave, char *path, size_t size) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (master < 0) return -errno;
  int slave = -1;
  int status = grantpt(master) != 0 || unlockpt(master) != 0 ? -errno : 0;
  if (status == 0) status = -ptsname_r(master, path, size);
  if (status == 0 && (slave = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) < 0) status = -errno;
  if (status == 0) status = make_raw(slave, B115200);
  if (status != 0) {
    if (slave >= 0) close(slave);
    close(master);
    return status;
  }
  *ret_master = master;
  *ret_slave = slave;
  return 0;
}
