#define _GNU_SOURCE
#include "video.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int swl_video_open(const char *path, struct swl_video **ret_video) {
  int descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return -errno;
  struct swl_video *video = calloc(1, sizeof *video);
  if (!video) {
    close(descriptor);
    return -ENOMEM;
  }
  video->descriptor = descriptor;
  video->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
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
  // It knows the single-planar interface alone.
  if (is_multiplanar(video)) return -ENOTSUP;
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
  bool single = device & V4L2_CAP_VIDEO_CAPTURE, multiple = device & V4L2_CAP_VIDEO_CAPTURE_MPLANE;
  ret_identity->captures = single || multiple;
  ret_identity->multiplanar = multiple && !single;
  video->type = ret_identity->multiplanar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE;
  ret_identity->streams = device & V4L2_CAP_STREAMING;
  return 0;
}

int swl_video_enumerate_format(struct swl_video *video, uint32_t index, struct swl_video_format_name *ret_name) {
  struct v4l2_fmtdesc format = {.index = index, .type = video->type};
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

// -EINVAL for a driver that names no memory planes, or more or larger ones than any format that is read.
static int describe(struct swl_video *video, const struct v4l2_format *format, struct swl_video_format *ret_format) {
  if (!is_multiplanar(video)) {
    const struct v4l2_pix_format *pixels = &format->fmt.pix;
    *ret_format = (struct swl_video_format){.fourcc = pixels->pixelformat,
                                            .width = pixels->width,
                                            .height = pixels->height,
                                            .bytes_per_line = pixels->bytesperline,
                                            .byte_count = pixels->sizeimage,
                                            .plane_count = 1,
                                            .plane_bytes_per_line = {pixels->bytesperline},
                                            .colour_space = pixels->colorspace,
                                            .encoding = pixels->ycbcr_enc,
                                            .quantisation = pixels->quantization};
    return 0;
  }
  const struct v4l2_pix_format_mplane *pixels = &format->fmt.pix_mp;
  if (pixels->num_planes < 1 || pixels->num_planes > 3) return -EINVAL;
  *ret_format = (struct swl_video_format){.fourcc = pixels->pixelformat,
                                          .width = pixels->width,
                                          .height = pixels->height,
                                          .bytes_per_line = pixels->plane_fmt[0].bytesperline,
                                          .byte_count = pixels->plane_fmt[0].sizeimage,
                                          .plane_count = pixels->num_planes,
                                          .colour_space = pixels->colorspace,
                                          .encoding = pixels->ycbcr_enc,
                                          .quantisation = pixels->quantization};
  size_t page = (size_t)sysconf(_SC_PAGESIZE), offset = 0;
  for (uint32_t i = 0; i < pixels->num_planes; i++) {
    size_t size = ((size_t)pixels->plane_fmt[i].sizeimage + page - 1) / page * page;
    if (size == 0 || size > (size_t)1 << 29) return -EINVAL;
    ret_format->plane_offset[i] = (uint32_t)offset;
    ret_format->plane_bytes_per_line[i] = pixels->plane_fmt[i].bytesperline;
    video->plane_offset[i] = offset;
    video->plane_size[i] = size;
    // Rows of chroma are half as many in all formats that have planes apart.
    size_t rows = i == 0 ? pixels->height : (pixels->height + 1) / 2;
    video->plane_least[i] = rows > 0 ? (rows - 1) * pixels->plane_fmt[i].bytesperline + 1 : 1;
    offset += size;
  }
  video->plane_count = pixels->num_planes;
  return 0;
}

int swl_video_get_format(struct swl_video *video, struct swl_video_format *ret_format) {
  struct v4l2_format format = {.type = video->type};
  int status = call(video, VIDIOC_G_FMT, &format);
  if (status < 0) return status;
  // Another may be set: what can't be read of the present one is no fault yet.
  if (describe(video, &format, ret_format) < 0) {
    *ret_format = (struct swl_video_format){
        .fourcc = format.fmt.pix_mp.pixelformat, .width = format.fmt.pix_mp.width, .height = format.fmt.pix_mp.height, .plane_count = 1};
  }
  return 0;
}

int swl_video_set_format(struct swl_video *video, uint32_t fourcc, uint32_t width, uint32_t height, struct swl_video_format *ret_format) {
  struct v4l2_format format = {.type = video->type};
  // Any field: interlaced sources say what they have.
  if (is_multiplanar(video)) {
    format.fmt.pix_mp.pixelformat = fourcc;
    format.fmt.pix_mp.width = width;
    format.fmt.pix_mp.height = height;
    format.fmt.pix_mp.field = V4L2_FIELD_ANY;
  } else {
    format.fmt.pix.pixelformat = fourcc;
    format.fmt.pix.width = width;
    format.fmt.pix.height = height;
    format.fmt.pix.field = V4L2_FIELD_ANY;
  }
  int status = call(video, VIDIOC_S_FMT, &format);
  return status < 0 ? status : describe(video, &format, ret_format);
}

int swl_video_get_interval(struct swl_video *video, uint32_t *ret_numerator, uint32_t *ret_denominator) {
  struct v4l2_streamparm parameters = {.type = video->type};
  int status = call(video, VIDIOC_G_PARM, &parameters);
  if (status < 0) return status;
  struct v4l2_fract interval = parameters.parm.capture.timeperframe;
  if (interval.numerator == 0 || interval.denominator == 0) return -ENOTTY;
  *ret_numerator = interval.numerator;
  *ret_denominator = interval.denominator;
  return 0;
}

int swl_video_set_interval(struct swl_video *video, uint32_t numerator, uint32_t denominator) {
  struct v4l2_streamparm parameters = {.type = video->type};
  parameters.parm.capture.timeperframe.numerator = numerator;
  parameters.parm.capture.timeperframe.denominator = denominator;
  return call(video, VIDIOC_S_PARM, &parameters);
}

int swl_video_request_buffers(struct swl_video *video, uint32_t count, uint32_t *ret_count) {
  struct v4l2_requestbuffers request = {.count = count, .type = video->type, .memory = V4L2_MEMORY_MMAP};
  int status = call(video, VIDIOC_REQBUFS, &request);
  if (status == 0) *ret_count = request.count;
  return status;
}

// A range that the memory planes are mapped into, one behind the other.
static int map_planes(struct swl_video *video, uint32_t index, void **ret_memory, size_t *ret_byte_count) {
  struct v4l2_plane planes[VIDEO_MAX_PLANES] = {0};
  struct v4l2_buffer buffer = {.index = index, .type = video->type, .memory = V4L2_MEMORY_MMAP, .m.planes = planes, .length = VIDEO_MAX_PLANES};
  int status = call(video, VIDIOC_QUERYBUF, &buffer);
  if (status < 0) return status;
  if (buffer.length != video->plane_count || video->plane_count == 0) return -EINVAL;
  uint32_t last = video->plane_count - 1;
  size_t whole = video->plane_offset[last] + video->plane_size[last];
  char *range = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (range == MAP_FAILED) return -errno;
  for (uint32_t i = 0; i < video->plane_count; i++) {
    int flags = MAP_SHARED | MAP_FIXED;
    if (mmap(range + video->plane_offset[i], video->plane_size[i], PROT_READ, flags, video->descriptor, planes[i].m.mem_offset) != MAP_FAILED) continue;
    status = -errno;
    munmap(range, whole);
    return status;
  }
  *ret_memory = range;
  *ret_byte_count = whole;
  return 0;
}

int swl_video_map(struct swl_video *video, uint32_t index, void **ret_memory, size_t *ret_byte_count) {
  if (is_multiplanar(video)) return map_planes(video, index, ret_memory, ret_byte_count);
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
  struct v4l2_plane planes[VIDEO_MAX_PLANES] = {0};
  struct v4l2_buffer buffer = {.index = index, .type = video->type, .memory = V4L2_MEMORY_MMAP};
  if (is_multiplanar(video)) {
    buffer.m.planes = planes;
    buffer.length = video->plane_count;
  }
  return call(video, VIDIOC_QBUF, &buffer);
}

// To the end of what the driver filled of the last memory plane; 0 where one before it is short.
static size_t filled_byte_count(const struct swl_video *video, const struct v4l2_plane *planes) {
  size_t end = 0;
  for (uint32_t i = 0; i < video->plane_count; i++) {
    // No driver is known to put something before the data of planes that lie apart, in a format that is read.
    if (planes[i].bytesused == 0 || (video->plane_count > 1 && planes[i].data_offset != 0)) return 0;
    if (i + 1 < video->plane_count && planes[i].bytesused < video->plane_least[i]) return 0;
    size_t used = planes[i].bytesused < video->plane_size[i] ? planes[i].bytesused : video->plane_size[i];
    end = video->plane_offset[i] + used;
  }
  return end;
}

int swl_video_dequeue(struct swl_video *video, struct swl_video_buffer *ret_buffer) {
  struct v4l2_plane planes[VIDEO_MAX_PLANES] = {0};
  struct v4l2_buffer buffer = {.type = video->type, .memory = V4L2_MEMORY_MMAP};
  if (is_multiplanar(video)) {
    buffer.m.planes = planes;
    buffer.length = VIDEO_MAX_PLANES;
  }
  int status = call(video, VIDIOC_DQBUF, &buffer);
  if (status < 0) return status;
  bool monotonic = (buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  ret_buffer->index = buffer.index;
  size_t end = is_multiplanar(video) ? filled_byte_count(video, planes) : buffer.bytesused;
  // The bytes used count what stands before the picture, too.
  size_t offset = is_multiplanar(video) && video->plane_count == 1 ? planes[0].data_offset : 0;
  if (offset > end) offset = end;
  ret_buffer->byte_offset = (uint32_t)offset;
  ret_buffer->byte_count = (uint32_t)(end - offset);
  ret_buffer->sequence = buffer.sequence;
  ret_buffer->faulty = buffer.flags & V4L2_BUF_FLAG_ERROR;
  ret_buffer->monotonic_nanoseconds =
      monotonic ? (uint64_t)buffer.timestamp.tv_sec * 1000000000u + (uint64_t)buffer.timestamp.tv_usec * 1000u : 0;
  return 0;
}

int swl_video_start(struct swl_video *video) { return call(video, VIDIOC_STREAMON, &video->type); }

int swl_video_stop(struct swl_video *video) { return call(video, VIDIOC_STREAMOFF, &video->type); }
