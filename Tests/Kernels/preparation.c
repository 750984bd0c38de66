// Prints a checksum of what image preparation makes of random frames: a line for each format, size and channel count. Whatever machine it
// runs on, the lines are the same; Tests/Imaging holds them to plain arithmetic.
#include "swl_imaging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t state = 1;
static uint8_t random_byte(void) {
  state = state * 1664525u + 1013904223u;
  return (uint8_t)(state >> 24);
}

// The two neighbours of each of `to` positions on an axis of `from`.
static void fill_axis(int32_t from, int32_t to, int32_t *first, int16_t *weight) {
  for (int32_t i = 0; i < to; i++) {
    int64_t position = ((2 * (int64_t)i + 1) * from * 1024 / to) - 1024;
    if (position < 0) position = 0;
    if (position > ((int64_t)from - 1) * 2048) position = ((int64_t)from - 1) * 2048;
    first[i] = (int32_t)(position / 2048);
    weight[i] = (int16_t)(position % 2048);
  }
}

static void *room(size_t size) {
  void *memory = calloc(1, size + 64);
  if (!memory) exit(2);
  return memory;
}

static uint64_t checksum(enum swl_preparation_variant variant, struct swl_source *source, const uint8_t *frame, size_t plane, int32_t channels,
                         int32_t element_bytes) {
  const int32_t width = 37, height = 29, columns = 33, rows = 21;
  for (int i = 0; i < 3; i++) source->plane[i] = frame + (size_t)i * plane;
  int32_t x_first[33], y_first[21];
  int16_t x_weight[33], y_weight[21];
  fill_axis(source->width, columns, x_first, x_weight);
  fill_axis(source->height, rows, y_first, y_weight);
  float floats[768], padding[3] = {1, 2, 3};
  uint8_t bytes[768], filling[3] = {1, 2, 3};
  for (int i = 0; i < 768; i++) {
    floats[i] = (float)i * 0.25f - 3;
    bytes[i] = (uint8_t)(i * 7 + 5);
  }
  const size_t pixels = (size_t)source->width + 1, tensor_size = (size_t)(width * height * channels * element_bytes);
  struct swl_preparation p = {.width = width, .height = height, .channels = channels, .content_x = 2, .content_y = 4, .content_width = columns,
                              .content_height = rows, .x_first = x_first, .y_first = y_first, .x_weight = x_weight, .y_weight = y_weight,
                              .reverses_channels = source->width % 2, .element_bytes = element_bytes,
                              .tables = element_bytes == 4 ? (const void *)floats : bytes, .padding = element_bytes == 4 ? (const void *)padding : filling,
                              .pixels = room(3 * pixels), .mixed = room(4 * pixels), .rows = {room(16 * 33), room(16 * 33)}, .blended = room(4 * 33),
                              .samples = room(8 * (pixels + SWL_SAMPLE_MARGIN)), .colours = room(2 * pixels)};
  uint8_t *tensor = room(tensor_size);
  swl_prepare(variant, &p, source, tensor);
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < tensor_size; i++) hash = (hash ^ tensor[i]) * 1099511628211u;
  void *all[] = {p.pixels, p.mixed, p.rows[0], p.rows[1], p.blended, p.samples, p.colours, tensor};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
  return hash;
}

static void run(struct swl_source *source, const char *name) {
  static const int32_t sizes[][2] = {{2, 2}, {5, 3}, {33, 21}, {131, 40}, {256, 17}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    source->width = sizes[i][0];
    source->height = sizes[i][1];
    const ptrdiff_t line = 3 * (ptrdiff_t)source->width + 11;
    for (int j = 0; j < 3; j++) source->bytes_per_line[j] = line;
    const size_t plane = (size_t)line * (size_t)source->height;
    uint8_t *frame = room(3 * plane);
    for (size_t j = 0; j < 3 * plane; j++) frame[j] = random_byte();
    for (int32_t channels = 1; channels <= 3; channels += 2) {
      for (int32_t element_bytes = 1; element_bytes <= 4; element_bytes += 3) {
        uint64_t hash = checksum(SWL_PREPARATION_BASELINE, source, frame, plane, channels, element_bytes);
        if (checksum(swl_best_preparation_variant(), source, frame, plane, channels, element_bytes) != hash) {
          printf("%s %dx%d: the variants differ\n", name, source->width, source->height);
          exit(1);
        }
        printf("%s %dx%d %d %d %016llx\n", name, source->width, source->height, channels, element_bytes, (unsigned long long)hash);
      }
    }
    free(frame);
  }
}

int main(void) {
  static const char *const names[] = {"YUYV", "UYVY", "NV12", "NV21", "I420", "GREY", "RGB24", "BGR24"};
  for (int format = 0; format < 8; format++) {
    struct swl_source source = {.format = (enum swl_pixel_format)format, .colour = {16, 9539, 13075, 3209, 6660, 16525}};
    run(&source, names[format]);
  }
  static const int samples[][2] = {{SWL_SAMPLES_BYTES, 8}, {SWL_SAMPLES_WORDS, 10}, {SWL_SAMPLES_WORDS, 12}, {SWL_SAMPLES_WORDS, 16},
                                   {SWL_SAMPLES_CSI2, 10}, {SWL_SAMPLES_CSI2, 12}};
  for (int pattern = 0; pattern < 5; pattern++) {
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
      char name[32];
      snprintf(name, sizeof name, "sensor-%d-%d-%d", pattern, samples[i][0], samples[i][1]);
      struct swl_source source = {.format = SWL_PIXEL_SENSOR, .pattern = (enum swl_filters)pattern, .packing = (enum swl_sample_packing)samples[i][0],
                                  .bits = samples[i][1], .black_level = 16, .gain = {500, 256, 4096}};
      run(&source, name);
    }
  }
  return 0;
}
