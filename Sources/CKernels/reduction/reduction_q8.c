#include "../shared/kernels.h"
#include "../shared/targets.h"

#include "swl_reduction.h"

// Rows whose unsigned bytes a sum of 16 bits holds.
#define SUMMED_ROWS 256

// Adds the columns' bytes, flipped to unsigned ones, to totals. `width` is a constant at every call, so that the sums stay in registers.
SWL_INLINE void add_columns(const struct swl_reduction *a, const uint8_t *restrict input, const int64_t width, int32_t *restrict totals) {
  const uint8_t flip = (uint8_t)a->flip;
  for (int64_t first = 0; first < a->reduced; first += SUMMED_ROWS) {
    const int64_t end = swl_minimum(first + SUMMED_ROWS, a->reduced);
    uint16_t sums[SWL_REDUCTION_CHUNK] = {0};
    for (int64_t r = first; r < end; r++) {
      for (int64_t i = 0; i < width; i++) sums[i] += (uint8_t)(input[r * a->inner + i] ^ flip);
    }
    for (int64_t i = 0; i < width; i++) totals[i] += sums[i];
  }
}

SWL_INLINE void mean(const struct swl_reduction *a, const uint8_t *input, uint8_t *output, int64_t count) {
  int32_t totals[SWL_REDUCTION_CHUNK];
  // In 32 bits, as each sum less its offset is.
  const uint32_t offset = (uint32_t)(a->flip + a->input_zero_point) * (uint32_t)a->reduced;
  for (int64_t i = 0; i < count; i++) totals[i] = (int32_t)(0u - offset);
  int64_t i = 0;
  for (; i + 64 <= count; i += 64) add_columns(a, input + i, 64, totals + i);
  for (; i + 16 <= count; i += 16) add_columns(a, input + i, 16, totals + i);
  for (; i + 4 <= count; i += 4) add_columns(a, input + i, 4, totals + i);
  for (; i < count; i++) add_columns(a, input + i, 1, totals + i);
  for (i = 0; i < count; i++) {
    float scaled = swl_clamp((float)totals[i] * a->factor, a->output_lower, a->output_upper);
    output[i] = (uint8_t)(swl_round(scaled) + a->output_zero_point);
  }
}

// Flipped bytes compare as unsigned numbers; a minimum is the maximum of the complements.
SWL_INLINE void extreme(const struct swl_reduction *a, const uint8_t *input, uint8_t *output, int64_t count) {
  uint8_t largest[SWL_REDUCTION_CHUNK] = {0};
  const uint8_t mask = (uint8_t)(a->flip ^ (a->kind == SWL_REDUCE_MINIMUM ? 0xFF : 0));
  for (int64_t r = 0; r < a->reduced; r++) {
    const uint8_t *row = input + r * a->inner;
    for (int64_t i = 0; i < count; i++) {
      uint8_t x = row[i] ^ mask;
      largest[i] = x > largest[i] ? x : largest[i];
    }
  }
  for (int64_t i = 0; i < count; i++) output[i] = largest[i] ^ mask;
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_reduction *a = arguments;
  (void)scratch;
  int64_t chunks = (a->inner + SWL_REDUCTION_CHUNK - 1) / SWL_REDUCTION_CHUNK;
  for (int64_t item = begin; item < end; item++) {
    int64_t outer = item / chunks, first = item % chunks * SWL_REDUCTION_CHUNK;
    int64_t count = swl_minimum(SWL_REDUCTION_CHUNK, a->inner - first);
    const uint8_t *input = (const uint8_t *)a->input + outer * a->reduced * a->inner + first;
    uint8_t *output = (uint8_t *)a->output + outer * a->inner + first;
    if (a->kind == SWL_MEAN) {
      mean(a, input, output, count);
    } else {
      extreme(a, input, output, count);
    }
  }
}

SWL_INSTANTIATE(swl_reduction_q8, body)
