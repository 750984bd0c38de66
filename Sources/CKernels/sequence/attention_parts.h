// What the attention kernels share, whatever their tiles.
#ifndef SWL_ATTENTION_PARTS_H
#define SWL_ATTENTION_PARTS_H

#include "../shared/unary.h"
#include "swl_sequence.h"

// Keys that are met at a time, a multiple of every kernel's columns. Queries come in SWL_ATTENTION_QUERIES, a multiple of every kernel's rows.
#define ATTENTION_KEYS 64
#define ATTENTION_LANES 8

SWL_INLINE int64_t attention_open_rows(const struct swl_attention *a) {
  return a->count ? swl_maximum(0, swl_minimum(*a->count, a->rows)) : a->rows;
}

// NaN never is the largest; softmax makes NaN of it afterwards.
SWL_INLINE float attention_largest(const float *scores, int64_t count, float largest) {
  float lanes[ATTENTION_LANES];
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

// found += shares · values; four rows at a time, since what is found is read and written for each.
SWL_INLINE void attention_gather(const float *restrict shares, const float *values, int64_t stride, int64_t count, int64_t size, float *restrict found) {
  int64_t row = 0;
  for (; row + 4 <= count; row += 4) {
    const float *restrict first = values + row * stride, *restrict second = first + stride, *restrict third = second + stride, *restrict fourth = third + stride;
    const float a = shares[row], b = shares[row + 1], c = shares[row + 2], d = shares[row + 3];
    for (int64_t i = 0; i < size; i++) found[i] += (a * first[i] + b * second[i]) + (c * third[i] + d * fourth[i]);
  }
  for (; row < count; row++) {
    for (int64_t i = 0; i < size; i++) found[i] += shares[row] * values[row * stride + i];
  }
}

// The only query: two walks, over all keys and over all values. PRODUCTS gives four products with keys that lie `stride` apart.
#define ATTENTION_QUERY(name, target, PRODUCTS)                                                                        \
  target static void name(const struct swl_attention *a, int64_t head, float *shares) {                                \
    const int64_t width = a->heads * a->size, first = head * a->size, rows = attention_open_rows(a);                   \
    const float *query = a->queries + first, *keys = a->keys + first;                                                  \
    float *found = a->output + first;                                                                                  \
    int64_t count = 0;                                                                                                 \
    for (; count + 4 <= rows; count += 4) PRODUCTS(query, keys + count * width, width, a->size, shares + count);       \
    for (; count < rows; count++) shares[count] = attention_product(query, keys + count * width, a->size);             \
    if (a->own_key) shares[count++] = attention_product(query, a->own_key + first, a->size);                           \
    memset(found, 0, (size_t)a->size * sizeof(float));                                                                 \
    if (count == 0) return;                                                                                            \
    const float total = attention_exponentials(shares, count, attention_largest(shares, count, -INFINITY));            \
    attention_gather(shares, a->values + first, width, rows, a->size, found);                                          \
    if (a->own_key) attention_gather(shares + rows, a->own_value + first, width, 1, a->size, found);                   \
    for (int64_t i = 0; i < a->size; i++) found[i] /= total;                                                           \
  }

#endif
