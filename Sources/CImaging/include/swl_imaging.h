// The pixel loops of image preparation: colour conversion, bilinear resampling and the value tables, a row at a time.
// Swift (module Imaging) validates every size, owns all memory and makes the tables; nothing here checks or allocates.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Equal to Imaging's `PixelFormat` raw values.
enum swl_pixel_format {
  SWL_PIXEL_YUYV = 0,
  SWL_PIXEL_UYVY = 1,
  SWL_PIXEL_NV12 = 2,
  SWL_PIXEL_NV21 = 3,
  SWL_PIXEL_I420 = 4,
  SWL_PIXEL_GREY = 5,
  SWL_PIXEL_RGB24 = 6,
  SWL_PIXEL_BGR24 = 7,
  /// Samples as a sensor gives them.
  SWL_PIXEL_SENSOR = 9,
};

/// The colours over a sensor's first two pixels, and over those of the row below. Equal to Imaging's `SensorPattern`.
enum swl_filters {
  SWL_FILTERS_NONE = 0,
  SWL_FILTERS_RGGB = 1,
  SWL_FILTERS_GRBG = 2,
  SWL_FILTERS_GBRG = 3,
  SWL_FILTERS_BGGR = 4,
};

/// How samples lie in memory: a byte each, the lower bits of a little-endian word each, or as MIPI CSI-2 packs 10 and 12 bits.
enum swl_sample_packing {
  SWL_SAMPLES_BYTES = 0,
  SWL_SAMPLES_WORDS = 1,
  SWL_SAMPLES_CSI2 = 2,
};

/// Room beside a row of unpacked samples, half of it before: one sample on each side, and the vector's alignment.
#define SWL_SAMPLE_MARGIN 32

/// Y, U, V to red, green, blue in 13-bit fixed point, rounded to nearest, saturated to 0…255:
///   l = y_scale × (Y − y_offset) + 4096
///   R = (l + r_v × (V − 128)) >> 13,  G = (l − g_u × (U − 128) − g_v × (V − 128)) >> 13,  B = (l + b_u × (U − 128)) >> 13
/// Every coefficient fits in 15 bits, every sum in 32.
struct swl_colour_coefficients {
  int16_t y_offset, y_scale, r_v, g_u, g_v, b_u;
};

/// Pixels of one frame, geometry already checked.
struct swl_source {
  enum swl_pixel_format format;
  int32_t width, height;
  const uint8_t *plane[3];
  ptrdiff_t bytes_per_line[3];
  struct swl_colour_coefficients colour;
  /// Of a sensor: its filters, how its samples lie, their bits (8…16), what it gives in the dark, and the gains of red, green and
  /// blue, 256 a whole, up to 4096.
  enum swl_filters pattern;
  enum swl_sample_packing packing;
  int32_t bits;
  int32_t black_level;
  int32_t gain[3];
};

/// One pass from a frame to an input tensor, rows × columns × channels, channels innermost.
struct swl_preparation {
  int32_t width, height, channels;
  /// The rectangle of the tensor that the image fills; the rest is padding.
  int32_t content_x, content_y, content_width, content_height;
  /// For each column and row of the content: the first of two neighbouring source positions and the second's weight of 2048.
  const int32_t *x_first, *y_first;
  const int16_t *x_weight, *y_weight;
  /// Channels are written as red, green, blue (0) or blue, green, red (1).
  int32_t reverses_channels;
  /// Bytes of a tensor element: 1, or 4 for float.
  int32_t element_bytes;
  /// For each tensor channel 256 elements: the tensor value of a pixel value.
  const void *tables;
  /// For each tensor channel the element that padding has.
  const void *padding;
  /// Scratch: `channels` × (source width + 1) bytes.
  uint8_t *pixels;
  /// Scratch where there are three channels: 4 × (source width + 1) bytes.
  uint8_t *mixed;
  /// Scratch: two rows of content_width × 1, or × 4 where there are three channels.
  int32_t *rows[2];
  /// Scratch: as many bytes.
  uint8_t *blended;
  /// Scratch for a sensor: 4 × (source width + SWL_SAMPLE_MARGIN) samples, and 2 × source width bytes.
  uint16_t *samples;
  uint8_t *colours;
};

/// Variants of the pass; all give the same bits. The baseline is SSE2 on x86-64 and NEON on ARM.
enum swl_preparation_variant {
  SWL_PREPARATION_BASELINE = 0,
  SWL_PREPARATION_AVX2 = 1,
};

/// The fastest variant that this machine runs.
enum swl_preparation_variant swl_best_preparation_variant(void);

/// Fills `tensor` (width × height × channels elements) from `source`. Bilinear: weights of 11 bits on each axis, 22-bit sums,
/// one rounding at the end, then the channel's table. The machine must run the variant.
void swl_prepare(enum swl_preparation_variant variant, const struct swl_preparation *preparation, const struct swl_source *source, void *tensor);

#ifdef __cplusplus
}
#endif
