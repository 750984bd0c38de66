#define _GNU_SOURCE
#include "video.h"

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
