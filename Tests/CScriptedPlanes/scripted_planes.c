#include "scripted_planes.h"

#include "video.h"

#include <stdarg.h>

// The call into libv4l has no context.
static _Thread_local const struct scripted_filling *filled;
static _Thread_local uint32_t filled_count;

static int answer(int descriptor, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  struct v4l2_buffer *buffer = va_arg(arguments, struct v4l2_buffer *);
  va_end(arguments);
  if (descriptor != -1 || request != VIDIOC_DQBUF || buffer->length < filled_count) {
    errno = EINVAL;
    return -1;
  }
  buffer->index = 1;
  buffer->length = filled_count;
  for (uint32_t i = 0; i < filled_count; i++) {
    buffer->m.planes[i].bytesused = filled[i].bytes_used;
    buffer->m.planes[i].data_offset = filled[i].data_offset;
  }
  return 0;
}

int scripted_dequeue(
    uint32_t count, const struct scripted_plane *planes, const struct scripted_filling *fillings, struct swl_video_buffer *ret_buffer) {
  struct swl_video video = {
      .descriptor = -1, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE, .plane_count = count, .converter = {.library = &video, .ioctl = answer}};
  for (uint32_t i = 0; i < count; i++) {
    video.plane_offset[i] = planes[i].offset;
    video.plane_size[i] = planes[i].size;
    video.plane_least[i] = planes[i].least;
  }
  filled = fillings;
  filled_count = count;
  return swl_video_dequeue(&video, ret_buffer);
}
