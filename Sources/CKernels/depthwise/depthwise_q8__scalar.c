#include "depthwise_q8.h"

#define KERNEL swl_depthwise_q8__scalar
#define TARGET
#define SUM(d, taps, tap_count, sums) sum_plainly(d, taps, tap_count, 0, sums)
#define REQUANTISE swl_requantise_row
#include "driver_q8.h"

// Blocks of `columns` channels, the last one moved back so that it ends with the last channel.
static bool is_blocked(const struct swl_kernel *kernel, const struct swl_window *w) { return kernel->depth == 2 && w->input_channels >= kernel->columns; }

int64_t swl_packed_depthwise_q8_size(const struct swl_kernel *kernel, const struct swl_window *w) {
  int64_t taps = (int64_t)w->kernel_height * w->kernel_width, channels = w->input_channels;
  if (!is_blocked(kernel, w)) return taps * channels * 2;
  return (channels + kernel->columns - 1) / kernel->columns * kernel->columns * ((taps + 1) / 2 * 2) * 2;
}

void swl_pack_depthwise_q8(const struct swl_kernel *kernel, const struct swl_window *w, const int8_t *weights, int16_t *packed) {
  int64_t taps = (int64_t)w->kernel_height * w->kernel_width, channels = w->input_channels;
  if (!is_blocked(kernel, w)) {
    for (int64_t c = 0; c < channels; c++) {
      for (int64_t tap = 0; tap < taps; tap++) packed[tap * channels + c] = weights[c * taps + tap];
    }
    return;
  }
  // A pair of taps, in the order in which unpacking the low and the high quarters of two vectors leaves the channels.
  for (int64_t block = 0; block * 16 < channels; block++) {
    int64_t first = swl_minimum(block * 16, channels - 16);
    for (int64_t tap = 0; tap < (taps + 1) / 2 * 2; tap++) {
      int16_t *pair = packed + (block * ((taps + 1) / 2) + tap / 2) * 32;
      for (int64_t c = 0; c < 16; c++) {
        int64_t place = (c & 4 ? 16 : 0) + (c & 8) + (c & 3) * 2 + (tap & 1);
        pair[place] = tap < taps ? weights[(first + c) * taps + tap] : 0;
      }
    }
  }
}
