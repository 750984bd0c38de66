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

// What will be read after the present panel, asked for little by little: `lines` before every few windows.
struct ahead {
  const char *next;
  int64_t lines;
};

// A tile of a deep panel doesn't ask for all of its share at once, which would hold up its loads, but before every so many windows.
#define WINDOWS_A_REQUEST 8

static inline int64_t swl_requests(const struct swl_paired_panel *p, bool is_deep) {
  if (!is_deep) return 1;
  return p->other_windows + (p->windows_of_four + WINDOWS_A_REQUEST - 1) / WINDOWS_A_REQUEST + (p->windows_of_five + WINDOWS_A_REQUEST - 1) / WINDOWS_A_REQUEST;
}

SWL_TARGET_AVX2 SWL_INLINE void ask(struct ahead *ahead) {
  for (int64_t i = 0; i < ahead->lines; i++, ahead->next += 64) _mm_prefetch(ahead->next, _MM_HINT_T1);
}

// Has a sum in a register at the end of a turn: compilers spill some of eight though sixteen registers suffice.
#define KEEP(sum) __asm__("" : "+x"(sum))

SWL_TARGET_AVX2 SWL_INLINE __m256i spread(const uint8_t *from) {
  int32_t four;
  memcpy(&four, from, sizeof four);
  return _mm256_set1_epi32(four);
}

SWL_TARGET_AVX2 SWL_INLINE __m256i weights_at(const int8_t *from) { return _mm256_loadu_si256((const __m256i *)from); }

SWL_TARGET_AVX2 SWL_INLINE __m256i widen_pairs(__m256i sums) { return _mm256_madd_epi16(sums, _mm256_set1_epi16(1)); }

// `rows`, `is_wide` (more than eight columns) and `is_deep` are constants at every call of what follows, so that sums stay in registers.
//
// Adds to a row's sums the products of an octet; of four elements that may be added in pairs.
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

// Four bytes of a window, in the order that `order` says, in every column. Where rows are short, of eight bytes, nothing behind them may
// be read. (`is_short` is a constant at every call.)
SWL_TARGET_AVX2 SWL_INLINE __m256i pick(const bool is_short, const uint8_t *window, __m256i order) {
  const __m128i *bytes = (const __m128i *)window;
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(is_short ? _mm_loadl_epi64(bytes) : _mm_loadu_si128(bytes)), order);
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
        add_octet(false, pick(false, bytes, first), pick(false, bytes, second), weights, &t->low[r], &t->high[r]);
      }
    }
  }
}

SWL_TARGET_AVX2 SWL_INLINE void sum_pairs(const int rows, const bool is_wide, const bool is_short, const uint8_t *const row[ROWS],
                                          const struct swl_paired_window *window, int i, const int8_t *weights, struct tile *t) {
  const __m256i low = weights_at(weights), high = is_wide ? weights_at(weights + 32) : low, order = spread(window->order + 4 * i);
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) add_pairs(is_wide, pick(is_short, row[r] + window->offset, order), low, high, &t->low[r], &t->high[r]);
}

// The bytes of a window in its panel's order, a line for each row. A quartet of a row is then spread to all columns by its load alone; a shuffle would take
// a port that additions need.
SWL_TARGET_AVX2 SWL_INLINE void put_in_order(const int rows, const uint8_t *const row[ROWS], const struct swl_paired_window *window,
                                             uint8_t (*to)[SWL_PAIRED_WINDOW]) {
  const __m128i order = _mm_loadu_si128((const __m128i *)(const void *)window->order);
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(row[r] + window->offset));
    _mm_storeu_si128((__m128i *)(void *)to[r], _mm_shuffle_epi8(bytes, order));
  }
}

SWL_TARGET_AVX2 SWL_INLINE void sum_ordered(const int rows, const bool is_wide, const uint8_t (*from)[SWL_PAIRED_WINDOW], int i, const int8_t *weights,
                                            struct tile *t) {
  const __m256i low = weights_at(weights), high = is_wide ? weights_at(weights + 32) : low;
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) add_pairs(is_wide, spread(from[r] + 4 * i), low, high, &t->low[r], &t->high[r]);
}

// A window of any number of quartets, the first of which lie in order.
SWL_TARGET_AVX2 SWL_INLINE const int8_t *sum_any(const int rows, const bool is_wide, const uint8_t *const row[ROWS],
                                                 const uint8_t (*ordered)[SWL_PAIRED_WINDOW], const struct swl_paired_window *window, const int8_t *weights,
                                                 struct tile *t) {
  int i = 0;
  for (; i < window->quartets && i < SWL_PAIRED_WINDOW / 4; i++, weights += 4 * COLUMNS) sum_ordered(rows, is_wide, ordered, i, weights, t);
  for (; i < window->quartets; i++, weights += 4 * COLUMNS) sum_pairs(rows, is_wide, false, row, window, i, weights, t);
  return weights;
}

// Windows of a shallow panel, at most: all are brought into order before any is multiplied.
#define SHALLOW 8

static inline bool swl_is_shallow(const struct swl_paired_panel *p) { return p->windows_of_four + p->windows_of_five + p->other_windows <= SHALLOW; }

SWL_TARGET_AVX2 SWL_INLINE void sum_shallow(const int rows, const bool is_wide, const uint8_t *const row[ROWS], const struct swl_paired_panel *panel,
                                            const struct swl_paired_window *window, const int8_t *weights, struct tile *t) {
  uint8_t ordered[SHALLOW][ROWS][SWL_PAIRED_WINDOW], (*lines)[ROWS][SWL_PAIRED_WINDOW] = ordered;
  const int32_t count = panel->windows_of_four + panel->windows_of_five + panel->other_windows;
  for (int32_t i = 0; i < count; i++) put_in_order(rows, row, window + i, lines[i]);
  __asm__("" : "+r"(lines) : : "memory");
  const struct swl_paired_window *end = window + panel->windows_of_four;
  for (; window < end; window++, lines++) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++, weights += 4 * COLUMNS) sum_ordered(rows, is_wide, *lines, i, weights, t);
  }
  for (end += panel->windows_of_five + panel->other_windows; window < end; window++, lines++) {
    weights = sum_any(rows, is_wide, row, *lines, window, weights, t);
  }
}

// Where a walk over the windows of deeper panels is: the bytes of the present window lie in order already, those of the next are brought into order
// while the present one is multiplied.
struct paired_walk {
  const struct swl_paired_window *window, *last;
  const int8_t *weights;
  uint8_t (*present)[SWL_PAIRED_WINDOW], (*next)[SWL_PAIRED_WINDOW];
};

SWL_TARGET_AVX2 SWL_INLINE void order_next(const int rows, const uint8_t *const row[ROWS], const struct paired_walk *walk) {
  // Once more the last one where nothing follows.
  put_in_order(rows, row, walk->window + (walk->window < walk->last), walk->next);
}

SWL_INLINE void advance(struct paired_walk *walk) {
  uint8_t(*const other)[SWL_PAIRED_WINDOW] = walk->present;
  walk->present = walk->next, walk->next = other, walk->window++;
  // In registers, so that a compiler doesn't take the lines for vectors that it may keep and shuffle.
  __asm__("" : "+r"(walk->present), "+r"(walk->next));
}

// Windows of four quartets, or of five, the last of which is picked. (`has_fifth` is a constant at every call.)
SWL_TARGET_AVX2 SWL_INLINE void sum_run(const int rows, const bool is_wide, const bool is_deep, const bool has_fifth, const uint8_t *const row[ROWS],
                                        int32_t count, struct paired_walk *walk, struct ahead *ahead, struct tile *t) {
  for (int32_t left = count, some = is_deep ? WINDOWS_A_REQUEST : left; left > 0; left -= some) {
    if (is_deep) ask(ahead);
    for (const struct swl_paired_window *const end = walk->window + (left < some ? left : some); walk->window < end; advance(walk)) {
      order_next(rows, row, walk);
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++, walk->weights += 4 * COLUMNS) sum_ordered(rows, is_wide, walk->present, i, walk->weights, t);
      if (!has_fifth) continue;
      sum_pairs(rows, is_wide, false, row, walk->window, 4, walk->weights, t);
      walk->weights += 4 * COLUMNS;
    }
  }
}

// Rows of which every window is brought into order as it is read; 16 bytes can be read from where a window begins.
SWL_TARGET_AVX2 SWL_INLINE void sum_windows(const int rows, const bool is_wide, const bool is_deep, const uint8_t *const from[ROWS],
                                            const struct swl_paired_panel *panel, const int8_t *weights, struct ahead *ahead, struct tile *t) {
  const struct swl_paired_window *window = (const struct swl_paired_window *)(const void *)(panel + 1);
  const uint8_t *row[ROWS];
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) row[r] = from[r];
  // Wide panels have none.
  if (!is_wide && panel->octet_windows > 0) {
    sum_octets(rows, row, window, panel->octet_windows, weights, t);
    window += panel->octet_windows, weights += panel->octets * 8 * COLUMNS;
  }
  if (!is_deep && swl_is_shallow(panel)) {
    sum_shallow(rows, is_wide, row, panel, window, weights, t);
    return;
  }
  uint8_t ordered[2][ROWS][SWL_PAIRED_WINDOW];
  const struct swl_paired_window *const end = window + panel->windows_of_four + panel->windows_of_five + panel->other_windows;
  struct paired_walk walk = {.window = window, .last = end - 1, .weights = weights, .present = ordered[0], .next = ordered[1]};
  put_in_order(rows, row, window, walk.present);
  sum_run(rows, is_wide, is_deep, false, row, panel->windows_of_four, &walk, ahead, t);
  sum_run(rows, is_wide, is_deep, true, row, panel->windows_of_five, &walk, ahead, t);
  for (; walk.window < end; advance(&walk)) {
    if (is_deep) ask(ahead);
    order_next(rows, row, &walk);
    walk.weights = sum_any(rows, is_wide, row, walk.present, walk.window, walk.weights, t);
  }
}

// Rows of eight bytes: one window. What may be added in fours may be added in pairs.
SWL_TARGET_AVX2 SWL_INLINE void sum_eight(const int rows, const bool is_wide, const uint8_t *const row[ROWS], const struct swl_paired_panel *panel,
                                          const int8_t *weights, struct tile *t) {
  const struct swl_paired_window *window = (const struct swl_paired_window *)(const void *)(panel + 1);
  for (int i = 0; i < window->quartets; i++, weights += 4 * COLUMNS) sum_pairs(rows, is_wide, true, row, window, i, weights, t);
}

#endif
#endif
