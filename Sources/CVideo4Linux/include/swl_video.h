// Video4Linux without its variadic functions, macros and unions. Functions return 0 or a negative errno; what `ret_` names is
// written only on success. No global state; a `swl_video` is used by one thread at a time, except `swl_video_queue`, which may
// be called while another thread waits or dequeues.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct swl_video;

struct swl_video_identity {
  char driver[16];
  char card[32];
  char bus[32];
  bool captures;    // by either interface
  bool multiplanar; // by the multi-planar interface alone
  bool streams;     // memory-mapped streaming
};

struct swl_video_format_name {
  uint32_t fourcc;
  bool emulated; // made by libv4l, not by the driver
  char description[32];
};

// A single size or interval has all minima equal to the maxima.
struct swl_video_size {
  uint32_t min_width, max_width, step_width;
  uint32_t min_height, max_height, step_height;
};

// Seconds a frame: the shortest and the longest.
struct swl_video_interval {
  uint32_t min_numerator, min_denominator;
  uint32_t max_numerator, max_denominator;
};

struct swl_video_format {
  uint32_t fourcc;
  uint32_t width, height;
  uint32_t bytes_per_line, byte_count; // of the first memory plane
  // Planes that lie in memory apart, as the multi-planar interface has them: where each begins in a mapped buffer, and the bytes
  // from row to row. A single one begins at 0.
  uint32_t plane_count;
  uint32_t plane_offset[3], plane_bytes_per_line[3];
  uint32_t colour_space, encoding, quantisation; // V4L2_COLORSPACE_*, V4L2_YCBCR_ENC_*, V4L2_QUANTIZATION_*
};

enum swl_video_control_kind {
  SWL_VIDEO_CONTROL_INTEGER,
  SWL_VIDEO_CONTROL_BOOLEAN,
  SWL_VIDEO_CONTROL_MENU,
  SWL_VIDEO_CONTROL_BUTTON,
  SWL_VIDEO_CONTROL_OTHER,
};

struct swl_video_control {
  uint32_t id;
  uint32_t kind; // enum swl_video_control_kind
  char name[32];
  int32_t minimum, maximum, step, standard;
  bool read_only, inactive, disabled;
};

struct swl_video_buffer {
  uint32_t index;
  // What stands before the picture in a buffer of one memory plane.
  uint32_t byte_offset;
  // From there to the end of the last memory plane; 0 where one of them is empty or one before it short.
  uint32_t byte_count;
  uint32_t sequence;
  bool faulty;
  uint64_t monotonic_nanoseconds; // 0 where the driver's clock is another
};

// Opens a device without waiting. Not yet known to be a camera.
int swl_video_open(const char *path, struct swl_video **ret_video);
void swl_video_close(struct swl_video *video);
int swl_video_descriptor(const struct swl_video *video);

// From here on everything goes through libv4l2, which converts what it can to RGB or planar YUV. -ENOSYS where the library
// isn't installed. Before any buffer is requested.
int swl_video_use_converter(struct swl_video *video);

// Decides which interface, single-planar or multi-planar, the other calls take.
int swl_video_identify(struct swl_video *video, struct swl_video_identity *ret_identity);
// Enumerations end with -EINVAL.
int swl_video_enumerate_format(struct swl_video *video, uint32_t index, struct swl_video_format_name *ret_name);
int swl_video_enumerate_size(struct swl_video *video, uint32_t fourcc, uint32_t index, struct swl_video_size *ret_size);
int swl_video_enumerate_interval(struct swl_video *video, uint32_t fourcc, uint32_t width, uint32_t height, uint32_t index,
                                 struct swl_video_interval *ret_interval);
int swl_video_get_format(struct swl_video *video, struct swl_video_format *ret_format);
// Asks for fourcc, width and height; gives what the driver made of it.
int swl_video_set_format(struct swl_video *video, uint32_t fourcc, uint32_t width, uint32_t height, struct swl_video_format *ret_format);
// -ENOTTY where the device has no frame interval.
int swl_video_get_interval(struct swl_video *video, uint32_t *ret_numerator, uint32_t *ret_denominator);
int swl_video_set_interval(struct swl_video *video, uint32_t numerator, uint32_t denominator);

// The control after `id`; 0 begins.
int swl_video_next_control(struct swl_video *video, uint32_t id, struct swl_video_control *ret_control);
int swl_video_menu_item(struct swl_video *video, uint32_t id, uint32_t index, char ret_name[32]);
int swl_video_get_control(struct swl_video *video, uint32_t id, int32_t *ret_value);
int swl_video_set_control(struct swl_video *video, uint32_t id, int32_t value);

// 0 frees all.
int swl_video_request_buffers(struct swl_video *video, uint32_t count, uint32_t *ret_count);
// The memory planes of a buffer as one range, each at its plane_offset of the format that was set last.
int swl_video_map(struct swl_video *video, uint32_t index, void **ret_memory, size_t *ret_byte_count);
void swl_video_unmap(struct swl_video *video, void *memory, size_t byte_count);
// Puts a private copy in the place of mapped memory, so that the driver is rid of it while readers see no change: a mapping
// keeps an unplugged device's name taken. Such memory outlives the device and ends by swl_memory_release.
int swl_video_detach(struct swl_video *video, void *memory, size_t byte_count);
void swl_memory_release(void *memory, size_t byte_count);
int swl_video_queue(struct swl_video *video, uint32_t index);
// -EAGAIN where no buffer is filled yet.
int swl_video_dequeue(struct swl_video *video, struct swl_video_buffer *ret_buffer);
int swl_video_start(struct swl_video *video);
int swl_video_stop(struct swl_video *video);

// A descriptor that becomes readable by swl_wake and stays so.
int swl_wake_open(int *ret_descriptor);
void swl_wake(int descriptor);
// A descriptor that becomes readable when a name in `folder` appears or its permissions change.
int swl_watch_open(const char *folder, int *ret_descriptor);
// Reads away what a watch has gathered.
void swl_watch_drain(int descriptor);

enum swl_wait_result { SWL_WAIT_TIMEOUT = 0, SWL_WAIT_WOKEN = 1, SWL_WAIT_READY = 2, SWL_WAIT_FAILED = 3 };
// Waits until `wake` is readable (WOKEN), `other` is readable (READY) or in error (FAILED), or so many nanoseconds passed
// (TIMEOUT). A negative `other` is left out.
enum swl_wait_result swl_wait(int wake, int other, int64_t nanoseconds);
