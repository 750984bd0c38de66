// What moves elements: a thread each.
#include "device.h"

extern "C" __global__ void swl_cuda_copy(const struct swl_copy a) {
  int64_t rest = swl_thread(), from = 0, to = 0;
  for (int32_t axis = a.axes - 1; axis >= 0; axis--) {
    const int64_t next = rest / a.extents[axis], index = rest - next * a.extents[axis];
    from += index * a.input_strides[axis];
    to += index * a.output_strides[axis];
    rest = next;
  }
  if (rest != 0) return;
  switch (a.element_size) {
  case 1: a.output[to] = a.input[from]; break;
  case 2: ((uint16_t *)a.output)[to] = ((const uint16_t *)a.input)[from]; break;
  case 4: ((uint32_t *)a.output)[to] = ((const uint32_t *)a.input)[from]; break;
  default: ((uint64_t *)a.output)[to] = ((const uint64_t *)a.input)[from]; break;
  }
}

extern "C" __global__ void swl_cuda_fill(const struct swl_fill a) {
  const int64_t i = swl_thread();
  if (i >= a.count) return;
  switch (a.element_size) {
  case 1: a.output[i] = (uint8_t)a.pattern; break;
  case 2: ((uint16_t *)a.output)[i] = (uint16_t)a.pattern; break;
  case 4: ((uint32_t *)a.output)[i] = (uint32_t)a.pattern; break;
  default: ((uint64_t *)a.output)[i] = a.pattern; break;
  }
}

// The four source elements of one output element, and its weights; false behind the last one.
struct swl_corners {
  int64_t top_left, top_right, bottom_left, bottom_right;
  float row_fraction, column_fraction;
};

SWL_DEVICE bool swl_locate(const struct swl_resize *a, struct swl_corners *at) {
  const int64_t index = swl_thread(), pixel = index / a->channels, line = pixel / a->output_width, image = line / a->output_height;
  if (image >= a->batch) return false;
  const int64_t channel = index - pixel * a->channels, x = pixel - line * a->output_width, y = line - image * a->output_height;
  const int64_t base = image * a->input_height * a->input_width;
  const int64_t top = base + (int64_t)a->rows[2 * y] * a->input_width, bottom = base + (int64_t)a->rows[2 * y + 1] * a->input_width;
  const int64_t left = a->columns[2 * x], right = a->columns[2 * x + 1];
  at->top_left = (top + left) * a->channels + channel;
  at->top_right = (top + right) * a->channels + channel;
  at->bottom_left = (bottom + left) * a->channels + channel;
  at->bottom_right = (bottom + right) * a->channels + channel;
  at->row_fraction = a->row_fractions[y];
  at->column_fraction = a->column_fractions[x];
  return true;
}

SWL_DEVICE float swl_lerp(float a, float b, float fraction) { return a + (b - a) * fraction; }

SWL_DEVICE float swl_blend(const struct swl_corners *at, float top_left, float top_right, float bottom_left, float bottom_right) {
  return swl_lerp(swl_lerp(top_left, top_right, at->column_fraction), swl_lerp(bottom_left, bottom_right, at->column_fraction), at->row_fraction);
}

extern "C" __global__ void swl_cuda_resize_q8(const struct swl_resize a) {
  struct swl_corners at;
  if (!swl_locate(&a, &at)) return;
  const uint8_t *input = (const uint8_t *)a.input;
  uint8_t result = input[at.top_left];
  if (at.row_fraction != 0.0f || at.column_fraction != 0.0f) {
    const int32_t flip = a.flip;
    const float value = swl_blend(&at, (float)((int32_t)(input[at.top_left] ^ flip) - flip), (float)((int32_t)(input[at.top_right] ^ flip) - flip),
                                  (float)((int32_t)(input[at.bottom_left] ^ flip) - flip), (float)((int32_t)(input[at.bottom_right] ^ flip) - flip));
    result = (uint8_t)swl_round(swl_clamp(value, (float)-flip, (float)(255 - flip)));
  }
  ((uint8_t *)a.output)[swl_thread()] = result;
}

extern "C" __global__ void swl_cuda_resize_f32(const struct swl_resize a) {
  struct swl_corners at;
  if (!swl_locate(&a, &at)) return;
  const float *input = (const float *)a.input;
  float result = input[at.top_left];
  if (at.row_fraction != 0.0f || at.column_fraction != 0.0f) {
    result = swl_blend(&at, input[at.top_left], input[at.top_right], input[at.bottom_left], input[at.bottom_right]);
  }
  ((float *)a.output)[swl_thread()] = result;
}
