// What the driver of a multi-planar device says of a buffer, made up, and what becomes of it.
#pragma once
#include <stdint.h>
#include "swl_video.h"

/// Where a memory plane is mapped, as `swl_video_set_format` and the mapping have found out.
struct scripted_plane {
  uint32_t offset, size, least;
};

/// What the driver says of a filled plane.
struct scripted_filling {
  uint32_t bytes_used, data_offset;
};

/// Dequeues a buffer of a device with so many memory planes, 1 to 3, whose driver filled them so.
int scripted_dequeue(
    uint32_t count, const struct scripted_plane *planes, const struct scripted_filling *fillings, struct swl_video_buffer *ret_buffer);
