#include "../shared/epilogue.h"
#include "../shared/kernels.h"

#include "taps.h"

#define LANES 8
#define VECTORS 4
#define BLOCK (LANES * VECTORS)

// A vector in the language's own terms: one register with AVX2, two elsewhere, the same arithmetic everywhere.
typedef float lanes __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

// Channels first..<first + VECTORS × LANES of one pixel.
#define SUM_BLOCK(vectors)                                                                                             \
  {                                                                                                                    \
    lanes total[vectors];                                                                                              \
    for (int v = 0; v < vectors; v++) total[v] = (lanes){0};                                                           \
    for (int64_t tap = 0; tap < tap_count; tap++) {                                                                    \
      const float *input = taps[tap] + first, *weights = d->weights + tap * channels + first;                          \
      for (int v = 0; v < vectors; v++) total[v] += *(const lanes *)(input + v * LANES) * *(const lanes *)(weights + v * LANES); \
    }                                                                                                                  \
    for (int v = 0; v < vectors; v++) *(lanes *)(sums + first + v * LANES) = total[v];                                 \
  }

SWL_INLINE void sum(const struct swl_depthwise_f32 *d, const float *const *taps, int64_t tap_count, float *sums) {
  const int64_t channels = d->window.input_channels;
  int64_t first = 0;
  for (; first + BLOCK <= channels; first += BLOCK) SUM_BLOCK(VECTORS)
  for (; first + LANES <= channels; first += LANES) SUM_BLOCK(1)
  for (; first < channels; first++) {
    float total = 0.0f;
    for (int64_t tap = 0; tap < tap_count; tap++) total += taps[tap][first] * d->weights[tap * channels + first];
    sums[first] = total;
  }
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_depthwise_f32 *d = arguments;
  const struct swl_window *w = &d->window;
  const int64_t tap_count = (int64_t)w->kernel_height * w->kernel_width, channels = w->output_channels;
  const void **taps = scratch;
  float *sums = (float *)((char *)scratch + ((tap_count + 1) * (int64_t)sizeof(void *) + 63) / 64 * 64);
  for (int64_t item = begin; item < end; item++) {
    for (int64_t x = 0; x < w->output_width; x++) {
      find_taps(w, d->input, d->padding, 4, item, x, taps);
      sum(d, (const float *const *)taps, tap_count, sums);
      swl_finish_row(&d->epilogue, sums, 0, channels, (item * w->output_width + x) * channels, d->output);
    }
  }
}

SWL_INSTANTIATE(swl_depthwise_f32, body)
