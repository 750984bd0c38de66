// What the attention kernels share, whatever their tiles.
#ifndef SWL_ATTENTION_PARTS_H
#define SWL_ATTENTION_PARTS_H

#include "../shared/half.h"
#include "../shared/unary.h"
#include "swl_sequence.h"

// Keys that many queries meet at a time, and rows of all heads that one query does.
#define ATTENTION_KEYS 120
#define ATTENTION_ROWS 16
#define ATTENTION_LANES 8

SWL_INLINE int64_t attention_open_rows(const struct swl_attention *a) {
  return a->count ? swl_maximum(0, swl_minimum(*a->count, a->rows)) : a->rows;
}

// NaN never is the largest; softmax makes NaN of it afterwards.
SWL_INLINE float attention_largest(const float *scores, int64_t count) {
  float lanes[ATTENTION_LANES], largest = -INFINITY;
  for (int lane = 0; lane < ATTENTION_LANES; lane++) lanes[lane] = largest;
  int64_t i = 0;
  for (; i + ATTENTION_LANES <= count; i += ATTENTION_LANES) {
    for (int lane = 0; lane < ATTENTION_LANES; lane++) lanes[lane] = scores[i + lane] > lanes[lane] ? scores[i + lane] : lanes[lane];
  }
  for (; i < count; i++) lanes[0] = scores[i] > lanes[0] ? scores[i] : lanes[0];
  for (int lane = 0; lane < ATTENTION_LANES; lane++) largest = lanes[lane] > largest ? lanes[lane] : largest;
  return largest;
}

// Scores become e^(score − largest); gives their sum. Where nothing is above −∞, that is what each of them is.
SWL_INLINE float attention_exponentials(float *scores, int64_t count, float largest) {
  const float base = largest == -INFINITY ? 0.0f : largest;
  float lanes[ATTENTION_LANES] = {0};
  for (int64_t i = 0; i < count; i++) scores[i] = swl_exp(scores[i] - base);
  int64_t i = 0;
  for (; i + ATTENTION_LANES <= count; i += ATTENTION_LANES) {
    for (int lane = 0; lane < ATTENTION_LANES; lane++) lanes[lane] += scores[i + lane];
  }
  for (; i < count; i++) lanes[0] += scores[i];
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

SWL_INLINE float attention_product(const float *restrict query, const float *restrict key, int64_t size) {
  float lanes[ATTENTION_LANES] = {0};
  int64_t i = 0;
  for (; i + ATTENTION_LANES <= size; i += ATTENTION_LANES) {
    for (int lane = 0; lane < ATTENTION_LANES; lane++) lanes[lane] += query[i + lane] * key[i + lane];
  }
  for (int lane = 0; i < size; i++, lane++) lanes[lane] += query[i] * key[i];
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

// found += share × values.
SWL_INLINE void attention_gather(float share, const float *restrict values, int64_t size, float *restrict found) {
  for (int64_t i = 0; i < size; i++) found[i] += share * values[i];
}

// The same for four rows, since what is found is read and written for each.
SWL_INLINE void attention_gather_four(const float *restrict shares, const float *values, int64_t stride, int64_t size, float *restrict found) {
  const float *restrict first = values, *restrict second = first + stride, *restrict third = second + stride, *restrict fourth = third + stride;
  for (int64_t i = 0; i < size; i++) found[i] += (shares[0] * first[i] + shares[1] * second[i]) + (shares[2] * third[i] + shares[3] * fourth[i]);
}

// Asks for one head's part of the next rows: memory sees pieces of rows, and doesn't guess what follows.
SWL_INLINE void attention_ask(const float *rows, int64_t stride, int64_t count, int64_t size) {
  for (int64_t row = 0; row < count; row++) {
    const char *from = (const char *)(rows + row * stride), *const end = from + size * (int64_t)sizeof(float);
    for (; from < end; from += 64) __builtin_prefetch(from);
    __builtin_prefetch(end - 1);
  }
}

SWL_INLINE void attention_widen(const uint16_t *restrict halves, int64_t count, float *restrict ret) {
  for (int64_t i = 0; i < count; i++) ret[i] = swl_half_to_float(halves[i]);
}

// Rows of one query's keys or values: where they lie, or as floats in `scratch`, those of some heads at a time.
struct attention_rows {
  const float *first; // of the first head of these
  int64_t stride;
};

#endif
