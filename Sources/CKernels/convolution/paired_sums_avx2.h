// The sums of one tile: up to four rows with one panel (see paired.h), on AVX2.
#ifndef SWL_PAIRED_SUMS_AVX2_H
#define SWL_PAIRED_SUMS_AVX2_H

#if defined(__x86_64__)
#include "../shared/targets.h"
#include "paired.h"

#include <immintrin.h>

#define ROWS 4
#define COLUMNS SWL_PAIRED_COLUMNS

struct tile {
  __m256i low[ROWS], high[ROWS];
};

// Has a sum in a register at the end of a turn: compilers spill some of eight though sixteen registers suffice.
#define KEEP(sum) __asm__("" : "+x"(sum))

SWL_TARGET_AVX2 SWL_INLINE __m256i spread(const uint8_t *from) {
  int32_t four;
  memcpy(&four, from, sizeof four);
  return _mm256_set1_epi32(four);
}

SWL_TARGET_AVX2 SWL_INLINE __m256i weights_at(const int8_t *from) { return _mm256_loadu_si256((const __m256i *)from); }

SWL_TARGET_AVX2 SWL_INLINE __m256i widen_pairs(__m256i sums) { return _mm256_madd_epi16(sums, _mm256_set1_epi16(1)); }

// Exact for any weights: even and odd bytes as 16-bit numbers.
SWL_TARGET_AVX2 SWL_INLINE __m256i product_of_any(__m256i bytes, __m256i weights) {
  __m256i even = _mm256_and_si256(bytes, _mm256_set1_epi16(0xFF)), odd = _mm256_srli_epi16(bytes, 8);
  __m256i even_weights = _mm256_srai_epi16(_mm256_slli_epi16(weights, 8), 8), odd_weights = _mm256_srai_epi16(weights, 8);
  return _mm256_add_epi32(_mm256_madd_epi16(even, even_weights), _mm256_madd_epi16(odd, odd_weights));
}

// `rows` and `is_wide` (more than eight columns) are constants at every call of what follows, so that sums stay in registers.
//
// Adds to a row's sums the products of an octet; of four elements that may be added in pairs, or not at all.
SWL_TARGET_AVX2 SWL_INLINE void add_octet(const bool is_wide, __m256i first, __m256i second, const int8_t *weights, __m256i *low, __m256i *high) {
  __m256i sums = _mm256_add_epi16(_mm256_maddubs_epi16(first, weights_at(weights)), _mm256_maddubs_epi16(second, weights_at(weights + 64)));
  *low = _mm256_add_epi32(*low, widen_pairs(sums));
  KEEP(*low);
  if (is_wide) {
    sums = _mm256_add_epi16(_mm256_maddubs_epi16(first, weights_at(weights + 32)), _mm256_maddubs_epi16(second, weights_at(weights + 96)));
    *high = _mm256_add_epi32(*high, widen_pairs(sums));
    KEEP(*high);
  }
}

SWL_TARGET_AVX2 SWL_INLINE void add_pairs(const bool is_wide, __m256i four, __m256i low_weights, __m256i high_weights, __m256i *low, __m256i *high) {
  *low = _mm256_add_epi32(*low, widen_pairs(_mm256_maddubs_epi16(four, low_weights)));
  KEEP(*low);
  if (is_wide) {
    *high = _mm256_add_epi32(*high, widen_pairs(_mm256_maddubs_epi16(four, high_weights)));
    KEEP(*high);
  }
}

SWL_TARGET_AVX2 SWL_INLINE void add_singles(const bool is_wide, __m256i four, __m256i low_weights, __m256i high_weights, __m256i *low, __m256i *high) {
  *low = _mm256_add_epi32(*low, product_of_any(four, low_weights));
  KEEP(*low);
  if (is_wide) {
    *high = _mm256_add_epi32(*high, product_of_any(four, high_weights));
    KEEP(*high);
  }
}

// Rows that lie in the panel's order.
SWL_TARGET_AVX2 SWL_INLINE void sum_in_order(const int rows, const bool is_wide, const uint8_t *const from[ROWS], const struct swl_paired_panel *panel,
                                             const int8_t *weights, struct tile *t) {
  const uint8_t *row[ROWS];
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) row[r] = from[r];
  for (int32_t i = panel->octets; i > 0; i--, weights += 8 * COLUMNS) {
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++, row[r - 1] += 8) add_octet(is_wide, spread(row[r]), spread(row[r] + 4), weights, &t->low[r], &t->high[r]);
  }
  for (int32_t i = panel->quartets; i > 0; i--, weights += 4 * COLUMNS) {
    const __m256i low = weights_at(weights), high = is_wide ? weights_at(weights + 32) : low;
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++, row[r - 1] += 4) add_pairs(is_wide, spread(row[r]), low, high, &t->low[r], &t->high[r]);
  }
}

// Four bytes of a window, in the order that `order` says, in every column.
SWL_TARGET_AVX2 SWL_INLINE __m256i pick(const uint8_t *window, __m256i order) {
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)window)), order);
}

// Of eight columns at most: with sixteen, compilers would spill sums.
SWL_TARGET_AVX2 SWL_INLINE void sum_octets(const int rows, const uint8_t *const row[ROWS], const struct swl_paired_window *window, int64_t count,
                                           const int8_t *weights, struct tile *t) {
  for (const struct swl_paired_window *const end = window + count; window < end; window++) {
    for (int i = 0; i < window->quartets; i += 2, weights += 8 * COLUMNS) {
      const __m256i first = spread(window->order + 4 * i), second = spread(window->order + 4 * i + 4);
#pragma GCC unroll 4
      for (int r = 0; r < rows; r++) {
        const uint8_t *bytes = row[r] + window->offset;
        add_octet(false, pick(bytes, first), pick(bytes, second), weights, &t->low[r], &t->high[r]);
      }
    }
  }
}

// The quartets that have to be multiplied in 16 bits, in all sixteen columns, one or two rows (a constant at every call).
SWL_TARGET_AVX2 SWL_INLINE void sum_singles(const int rows, const uint8_t *const from[ROWS], const struct swl_paired_window *window, int64_t count,
                                            const int8_t *weights, __m256i *low, __m256i *high) {
  for (const struct swl_paired_window *const end = window + count; window < end; window++) {
    for (int i = 0; i < window->singles; i++, weights += 4 * COLUMNS) {
      const __m256i order = spread(window->order + 4 * (window->quartets + i));
#pragma GCC unroll 2
      for (int r = 0; r < rows; r++) {
        add_singles(true, pick(from[r] + window->offset, order), weights_at(weights), weights_at(weights + 32), &low[r], &high[r]);
      }
    }
  }
}

// Inlined beside the frequent quartets they would crowd sums out of their registers.
SWL_TARGET_AVX2 __attribute__((noinline)) static void singles_apart(int64_t rows, const uint8_t *const from[ROWS], const struct swl_paired_window *windows,
                                                                    int64_t count, const int8_t *weights, struct tile *t) {
  int64_t row = 0;
  for (; row + 2 <= rows; row += 2) {
    __m256i low[2] = {t->low[row], t->low[row + 1]}, high[2] = {t->high[row], t->high[row + 1]};
    sum_singles(2, from + row, windows, count, weights, low, high);
    for (int r = 0; r < 2; r++) t->low[row + r] = low[r], t->high[row + r] = high[r];
  }
  if (row < rows) sum_singles(1, from + row, windows, count, weights, &t->low[row], &t->high[row]);
}

SWL_TARGET_AVX2 SWL_INLINE void sum_pairs(const int rows, const bool is_wide, const uint8_t *const row[ROWS], const struct swl_paired_window *window,
                                          int i, const int8_t *weights, struct tile *t) {
  const __m256i low = weights_at(weights + i * 4 * COLUMNS), high = is_wide ? weights_at(weights + i * 4 * COLUMNS + 32) : low;
  const __m256i order = spread(window->order + 4 * i);
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) add_pairs(is_wide, pick(row[r] + window->offset, order), low, high, &t->low[r], &t->high[r]);
}

// Rows of eight bytes, behind which nothing may be read: one window. What may be added in fours may be added in pairs.
SWL_TARGET_AVX2 SWL_INLINE void sum_half(const int rows, const bool is_wide, const bool are_pairs, const uint8_t *const from[ROWS],
                                         const struct swl_paired_window *window, int half, const int8_t *weights, struct tile *t) {
  const __m256i low = weights_at(weights), high = is_wide ? weights_at(weights + 32) : low, order = spread(window->order + 4 * half);
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) {
    int64_t eight;
    memcpy(&eight, from[r], sizeof eight);
    const __m256i four = _mm256_shuffle_epi8(_mm256_set1_epi64x(eight), order);
    (are_pairs ? add_pairs : add_singles)(is_wide, four, low, high, &t->low[r], &t->high[r]);
  }
}

SWL_TARGET_AVX2 SWL_INLINE void sum_eight(const int rows, const bool is_wide, const uint8_t *const from[ROWS], const struct swl_paired_panel *panel,
                                          const int8_t *weights, struct tile *t) {
  const struct swl_paired_window *window = (const struct swl_paired_window *)(const void *)(panel + 1);
  if (window->singles == 0) {
    sum_half(rows, is_wide, true, from, window, 0, weights, t);
    sum_half(rows, is_wide, true, from, window, 1, weights + 4 * COLUMNS, t);
    return;
  }
  if (window->singles == 1) {
    sum_half(rows, is_wide, true, from, window, 0, weights, t);
  } else {
    sum_half(rows, is_wide, false, from, window, 0, weights, t);
  }
  sum_half(rows, is_wide, false, from, window, 1, weights + 4 * COLUMNS, t);
}

// Rows of which every window is brought into order as it is read; 16 bytes can be read from where a window begins.
SWL_TARGET_AVX2 SWL_INLINE void sum_windows(const int rows, const bool is_wide, const uint8_t *const from[ROWS], const struct swl_paired_panel *panel,
                                            const int8_t *weights, struct tile *t) {
  const struct swl_paired_window *window = (const struct swl_paired_window *)(const void *)(panel + 1);
  const uint8_t *row[ROWS];
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) row[r] = from[r];
  // Wide panels have none.
  if (!is_wide && panel->octet_windows > 0) {
    sum_octets(rows, row, window, panel->octet_windows, weights, t);
    window += panel->octet_windows, weights += panel->octets * 8 * COLUMNS;
  }
  for (const struct swl_paired_window *end = window + panel->pair_windows + panel->mixed_windows; window < end; window++) {
    switch (window->quartets) {
    case 4: sum_pairs(rows, is_wide, row, window, 3, weights, t); __attribute__((fallthrough));
    case 3: sum_pairs(rows, is_wide, row, window, 2, weights, t); __attribute__((fallthrough));
    case 2: sum_pairs(rows, is_wide, row, window, 1, weights, t); __attribute__((fallthrough));
    case 1: sum_pairs(rows, is_wide, row, window, 0, weights, t); __attribute__((fallthrough));
    default: break;
    }
    weights += window->quartets * 4 * COLUMNS;
  }
  if (panel->singles > 0) {
    struct tile copy = *t;
    if (!is_wide) {
#pragma GCC unroll 4
      for (int r = 0; r < rows; r++) copy.high[r] = copy.low[r];
    }
    singles_apart(rows, from, window - panel->mixed_windows, panel->mixed_windows, weights, &copy);
    *t = copy;
  }
}

#endif
#endif
