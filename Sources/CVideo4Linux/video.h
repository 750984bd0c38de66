// What the files of this module share.
#pragma once
#include "swl_video.h"

#include <errno.h>
#include <linux/videodev2.h>
#include <string.h>
#include <sys/ioctl.h>

// libv4l2's own calls, in place of the kernel's.
struct converter {
  void *library;
  int (*close)(int);
  int (*ioctl)(int, unsigned long, ...);
  void *(*mmap)(void *, size_t, int, int, int, int64_t);
  int (*munmap)(void *, size_t);
};

struct swl_video {
  int descriptor;
  uint32_t type; // V4L2_BUF_TYPE_VIDEO_CAPTURE or …_MPLANE
  // Of the format set last, multi-planar: where each memory plane begins in a mapped buffer, and the pages that it takes.
  uint32_t plane_count;
  size_t plane_offset[3], plane_size[3], plane_least[3]; // plane_least: bytes without which a row lacks
  struct converter converter; // .library NULL: the kernel directly
};

static inline bool is_multiplanar(const struct swl_video *video) { return video->type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE; }

static inline int call(struct swl_video *video, unsigned long request, void *argument) {
  int status;
  do {
    status = video->converter.library ? video->converter.ioctl(video->descriptor, request, argument)
                                      : ioctl(video->descriptor, request, argument);
  } while (status < 0 && errno == EINTR);
  return status < 0 ? -errno : 0;
}

static inline void copy_text(char *target, const void *source, size_t size) {
  memcpy(target, source, size);
  target[size - 1] = 0;
}
