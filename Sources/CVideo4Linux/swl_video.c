#define _GNU_SOURCE
#include "swl_video.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

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
  struct converter converter; // .library NULL: the kernel directly
};

static int call(struct swl_video *video, unsigned long request, void *argument) {
  int status;
  do {
    status = video->converter.library ? video->converter.ioctl(video->descriptor, request, argument)
                                      : ioctl(video->descriptor, request, argument);
  } while (status < 0 && errno == EINTR);
  return status < 0 ? -errno : 0;
}

static void copy_text(char *target, const void *source, size_t size) {
  memcpy(target, source, size);
  target[size - 1] = 0;
}

int swl_video_open(const char *path, struct swl_video **ret_video) {
  int descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  struct swl_video *video = calloc(1, sizeof *video);
  if (!video) {
    close(descriptor);
    return -ENOMEM;
  }
  video->descriptor = descriptor;
  *ret_video = video;
  return 0;
}

void swl_video_close(struct swl_video *video) {
  if (video->converter.library) {
    // libv4l2 stays loaded: it keeps threads' and devices' tables of its own.
    video->converter.close(video->descriptor);
  } else {
    close(video->descriptor);
  }
  free(video);
}

int swl_video_descriptor(const struct swl_video *video) { return video->descriptor; }

int swl_video_use_converter(struct swl_video *video) {
  if (video->converter.library) return 0;
  void *library = dlopen("libv4l2.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) return -ENOSYS;
  struct converter converter = {.library = library};
  int (*fd_open)(int, int);
  *(void **)&fd_open = dlsym(library, "v4l2_fd_open");
  *(void **)&converter.close = dlsym(library, "v4l2_close");
  *(void **)&converter.ioctl = dlsym(library, "v4l2_ioctl");
  *(void **)&converter.mmap = dlsym(library, "v4l2_mmap");
  *(void **)&converter.munmap = dlsym(library, "v4l2_munmap");
  if (!fd_open || !converter.close || !converter.ioctl || !converter.mmap || !converter.munmap) {
    dlclose(library);
    return -ENOSYS;
  }
  if (fd_open(video->descriptor, 0) < 0) return errno ? -errno : -EIO;
  video->converter = converter;
  return 0;
}

int swl_video_identify(struct swl_video *video, struct swl_video_identity *ret_identity) {
  struct v4l2_capability capability = {0};
  int status = call(video, VIDIOC_QUERYCAP, &capability);
  if (status < 0) return status;
  uint32_t device = capability.capabilities & V4L2_CAP_DEVICE_CAPS ? capability.device_caps : capability.capabilities;
  copy_text(ret_identity->driver, capability.driver, sizeof ret_identity->driver);
  copy_text(ret_identity->card, capability.card, sizeof ret_identity->card);
  copy_text(ret_identity->bus, capability.bus_info, sizeof ret_identity->bus);
  ret_identity->captures = device & V4L2_CAP_VIDEO_CAPTURE;
  ret_identity->multiplanar = device & V4L2_CAP_VIDEO_CAPTURE_MPLANE;
  ret_identity->streams = device & V4L2_CAP_STREAMING;
  return 0;
}

int swl_video_enumerate_format(struct swl_video *video, uint32_t index, struct swl_video_format_name *ret_name) {
  struct v4l2_fmtdesc format = {.index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  int status = call(video, VIDIOC_ENUM_FMT, &format);
  if (status < 0) return status;
  ret_name->fourcc = format.pixelformat;
  ret_name->emulated = format.flags & V4L2_FMT_FLAG_EMULATED;
  copy_text(ret_name->description, format.description, sizeof ret_name->description);
  return 0;
}

int swl_video_enumerate_size(struct swl_video *video, uint32_t fourcc, uint32_t index, struct swl_video_size *ret_size) {
  struct v4l2_frmsizeenum size = {.index = index, .pixel_format = fourcc};
  int status = call(video, VIDIOC_ENUM_FRAMESIZES, &size);
  if (status < 0) return status;
  if (size.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
    uint32_t width = size.discrete.width, height = size.discrete.height;
    *ret_size = (struct swl_video_size){width, width, 1, height, height, 1};
    return 0;
  }
  // A range is one entry.
  if (index > 0) return -EINVAL;
  *ret_size = (struct swl_video_size){size.stepwise.min_width,  size.stepwise.max_width,  size.stepwise.step_width,
                                      size.stepwise.min_height, size.stepwise.max_height, size.stepwise.step_height};
  return 0;
}

int swl_video_enumerate_interval(struct swl_video *video, uint32_t fourcc, uint32_t width, uint32_t height, uint32_t index,
                                 struct swl_video_interval *ret_interval) {
  struct v4l2_frmivalenum interval = {.index = index, .pixel_format = fourcc, .width = width, .height = height};
  int status = call(video, VIDIOC_ENUM_FRAMEINTERVALS, &interval);
  if (status < 0) return status;
  if (interval.type == V4L2_FRMIVAL_TYPE_DISCRETE) {
    uint32_t numerator = interval.discrete.numerator, denominator = interval.discrete.denominator;
    *ret_interval = (struct swl_video_interval){numerator, denominator, numerator, denominator};
    return 0;
  }
  if (index > 0) return -EINVAL;
  *ret_interval = (struct swl_video_interval){interval.stepwise.min.numerator, interval.stepwise.min.denominator,
                                              interval.stepwise.max.numerator, interval.stepwise.max.denominator};
  return 0;
}

static void describe(const struct v4l2_format *format, struct swl_video_format *ret_format) {
  const struct v4l2_pix_format *pixels = &format->fmt.pix;
  *ret_format = (struct swl_video_format){pixels->pixelformat, pixels->width,      pixels->height,    pixels->bytesperline,
                                          pixels->sizeimage,   pixels->colorspace, pixels->ycbcr_enc, pixels->quantization};
}

int swl_video_get_format(struct swl_video *video, struct swl_video_format *ret_format) {
  struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  int status = call(video, VIDIOC_G_FMT, &format);
  if (status == 0) describe(&format, ret_format);
  return status;
}

int swl_video_set_format(struct swl_video *video, uint32_t fourcc, uint32_t width, uint32_t height, struct swl_video_format *ret_format) {
  struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  format.fmt.pix.pixelformat = fourcc;
  format.fmt.pix.width = width;
  format.fmt.pix.height = height;
  // Any: interlaced sources say what they have.
  format.fmt.pix.field = V4L2_FIELD_ANY;
  int status = call(video, VIDIOC_S_FMT, &format);
  if (status == 0) describe(&format, ret_format);
  return status;
}

int swl_video_get_interval(struct swl_video *video, uint32_t *ret_numerator, uint32_t *ret_denominator) {
  struct v4l2_streamparm parameters = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  int status = call(video, VIDIOC_G_PARM, &parameters);
  if (status < 0) return status;
  struct v4l2_fract interval = parameters.parm.capture.timeperframe;
  if (interval.numerator == 0 || interval.denominator == 0) return -ENOTTY;
  *ret_numerator = interval.numerator;
  *ret_denominator = interval.denominator;
  return 0;
}

int swl_video_set_interval(struct swl_video *video, uint32_t numerator, uint32_t denominator) {
  struct v4l2_streamparm parameters = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  parameters.parm.capture.timeperframe.numerator = numerator;
  parameters.parm.capture.timeperframe.denominator = denominator;
  return call(video, VIDIOC_S_PARM, &parameters);
}

static uint32_t kind_of(uint32_t type) {
  switch (type) {
  case V4L2_CTRL_TYPE_INTEGER:
  case V4L2_CTRL_TYPE_BITMASK: return SWL_VIDEO_CONTROL_INTEGER;
  case V4L2_CTRL_TYPE_BOOLEAN: return SWL_VIDEO_CONTROL_BOOLEAN;
  case V4L2_CTRL_TYPE_MENU:
  case V4L2_CTRL_TYPE_INTEGER_MENU: return SWL_VIDEO_CONTROL_MENU;
  case V4L2_CTRL_TYPE_BUTTON: return SWL_VIDEO_CONTROL_BUTTON;
  default: return SWL_VIDEO_CONTROL_OTHER;
  }
}

int swl_video_next_control(struct swl_video *video, uint32_t id, struct swl_video_control *ret_control) {
  struct v4l2_queryctrl query = {.id = id | V4L2_CTRL_FLAG_NEXT_CTRL};
  int status = call(video, VIDIOC_QUERYCTRL, &query);
  if (status < 0) return status;
  ret_control->id = query.id;
  ret_control->kind = kind_of(query.type);
  copy_text(ret_control->name, query.name, sizeof ret_control->name);
  ret_control->minimum = query.minimum;
  ret_control->maximum = query.maximum;
  ret_control->step = query.step;
  ret_control->standard = query.default_value;
  ret_control->read_only = query.flags & V4L2_CTRL_FLAG_READ_ONLY;
  ret_control->inactive = query.flags & V4L2_CTRL_FLAG_INACTIVE;
  ret_control->disabled = query.flags & V4L2_CTRL_FLAG_DISABLED;
  return 0;
}

int swl_video_menu_item(struct swl_video *video, uint32_t id, uint32_t index, char ret_name[32]) {
  struct v4l2_queryctrl query = {.id = id};
  int status = call(video, VIDIOC_QUERYCTRL, &query);
  if (status < 0) return status;
  struct v4l2_querymenu menu = {.id = id, .index = index};
  status = call(video, VIDIOC_QUERYMENU, &menu);
  if (status < 0) return status;
  if (query.type == V4L2_CTRL_TYPE_INTEGER_MENU) {
    // Digits, written from the end: formatted output would need no more, but drags locales in.
    char digits[32] = {0};
    int position = 31;
    uint64_t rest = menu.value < 0 ? -(uint64_t)menu.value : (uint64_t)menu.value;
    do digits[--position] = '0' + rest % 10;
    while (rest /= 10);
    if (menu.value < 0) digits[--position] = '-';
    memcpy(ret_name, digits + position, 32 - position);
    return 0;
  }
  copy_text(ret_name, menu.name, sizeof menu.name);
  return 0;
}

int swl_video_get_control(struct swl_video *video, uint32_t id, int32_t *ret_value) {
  struct v4l2_control control = {.id = id};
  int status = call(video, VIDIOC_G_CTRL, &control);
  if (status == 0) *ret_value = control.value;
  return status;
}

int swl_video_set_control(struct swl_video *video, uint32_t id, int32_t value) {
  struct v4l2_control control = {.id = id, .value = value};
  return call(video, VIDIOC_S_CTRL, &control);
}

int swl_video_request_buffers(struct swl_video *video, uint32_t count, uint32_t *ret_count) {
  struct v4l2_requestbuffers request = {.count = count, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
  int status = call(video, VIDIOC_REQBUFS, &request);
  if (status == 0) *ret_count = request.count;
  return status;
}

int swl_video_map(struct swl_video *video, uint32_t index, void **ret_memory, size_t *ret_byte_count) {
  struct v4l2_buffer buffer = {.index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
  int status = call(video, VIDIOC_QUERYBUF, &buffer);
  if (status < 0) return status;
  void *memory =
      video->converter.library
          ? video->converter.mmap(NULL, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, video->descriptor, buffer.m.offset)
          : mmap(NULL, buffer.length, PROT_READ, MAP_SHARED, video->descriptor, buffer.m.offset);
  if (memory == MAP_FAILED) return -errno;
  *ret_memory = memory;
  *ret_byte_count = buffer.length;
  return 0;
}

void swl_video_unmap(struct swl_video *video, void *memory, size_t byte_count) {
  if (video->converter.library) {
    video->converter.munmap(memory, byte_count);
  } else {
    munmap(memory, byte_count);
  }
}

int swl_video_detach(struct swl_video *video, void *memory, size_t byte_count) {
  // libv4l's memory is its own already, and it leaves mapped parts alone when it closes.
  if (video->converter.library) return 0;
  void *copy = mmap(NULL, byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (copy == MAP_FAILED) return -errno;
  memcpy(copy, memory, byte_count);
  if (mremap(copy, byte_count, byte_count, MREMAP_MAYMOVE | MREMAP_FIXED, memory) == MAP_FAILED) {
    int status = -errno;
    munmap(copy, byte_count);
    return status;
  }
  return 0;
}

void swl_memory_release(void *memory, size_t byte_count) { munmap(memory, byte_count); }

int swl_video_queue(struct swl_video *video, uint32_t index) {
  struct v4l2_buffer buffer = {.index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
  return call(video, VIDIOC_QBUF, &buffer);
}

int swl_video_dequeue(struct swl_video *video, struct swl_video_buffer *ret_buffer) {
  struct v4l2_buffer buffer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
  int status = call(video, VIDIOC_DQBUF, &buffer);
  if (status < 0) return status;
  bool monotonic = (buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  ret_buffer->index = buffer.index;
  ret_buffer->byte_count = buffer.bytesused;
  ret_buffer->sequence = buffer.sequence;
  ret_buffer->faulty = buffer.flags & V4L2_BUF_FLAG_ERROR;
  ret_buffer->monotonic_nanoseconds =
      monotonic ? (uint64_t)buffer.timestamp.tv_sec * 1000000000u + (uint64_t)buffer.timestamp.tv_usec * 1000u : 0;
  return 0;
}

int swl_video_start(struct swl_video *video) {
  int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  return call(video, VIDIOC_STREAMON, &type);
}

int swl_video_stop(struct swl_video *video) {
  int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  return call(video, VIDIOC_STREAMOFF, &type);
}
