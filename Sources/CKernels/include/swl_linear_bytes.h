// What an 8-bit type stores for floats, as the input of a session does: ONNX's QuantizeLinear, NaN gives the zero point. Every
// variant gives the same bytes.
#ifndef SWL_LINEAR_BYTES_H
#define SWL_LINEAR_BYTES_H

#include <stdint.h>

struct swl_linear_bytes {
  float scale;
  int32_t zero_point, lower, upper; // the bounds of the type, -128…127 or 0…255, or within
};

// `count` neighbours.
void swl_store_linear_bytes(const struct swl_linear_bytes *linear, const float *from, int64_t count, uint8_t *to);
// `count` pixels of three channels, whose planes lie `plane` elements apart.
void swl_store_linear_pixels(const struct swl_linear_bytes *linear, const float *from, int64_t plane, int64_t count, uint8_t *to);

// The oracle: one element.
uint8_t swl_linear_byte(const struct swl_linear_bytes *linear, float value);

#endif
