// How the windows of a paired panel are computed: what both ways of packing share, window by window and many at a time.
#ifndef SWL_CHOICE_H
#define SWL_CHOICE_H

#if defined(__x86_64__)
#include <stddef.h>

#include "../shared/targets.h"
#include "matching.h"
#include "paired.h"

#define COLUMNS SWL_PAIRED_COLUMNS
#define WINDOW SWL_PAIRED_WINDOW
// Windows of a panel whose choices are kept while they are sorted by kind.
#define REMEMBERED 512

// Pairs that can't be added, and their second halves' excesses, which stand behind the window's weights; behind them a zero.
#define UNFIT (WINDOW / 2)
#define ZERO (WINDOW + UNFIT)

static const uint8_t in_order[WINDOW] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// Sixteen times sixteen bytes, turned.
SWL_INLINE void turn(const __m128i from[WINDOW], __m128i to[WINDOW]) {
  __m128i a[WINDOW], b[WINDOW];
  for (int i = 0; i < 8; i++) a[2 * i] = _mm_unpacklo_epi8(from[i], from[i + 8]), a[2 * i + 1] = _mm_unpackhi_epi8(from[i], from[i + 8]);
  for (int i = 0; i < 8; i++) b[2 * i] = _mm_unpacklo_epi8(a[i], a[i + 8]), b[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + 8]);
  for (int i = 0; i < 8; i++) a[2 * i] = _mm_unpacklo_epi8(b[i], b[i + 8]), a[2 * i + 1] = _mm_unpackhi_epi8(b[i], b[i + 8]);
  for (int i = 0; i < 8; i++) to[2 * i] = _mm_unpacklo_epi8(a[i], a[i + 8]), to[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + 8]);
}

// Which of a window's weights stand where.
struct choice {
  bool are_octets, in_order;
  int quartets, unfit;
  uint8_t first[UNFIT], second[UNFIT]; // pairs that can't be added
  uint8_t places[UNFIT];               // of the second halves
  uint8_t order[4 * SWL_PAIRED_QUARTETS];
};

// Pairs that may be added; elements that find no partner form unfit pairs.
SWL_INLINE void place_pairs(const struct matching *pairs, struct choice *choice) {
  int place = 0, lonely = ALONE;
  for (int i = 0; i < pairs->count; i++) {
    int a = i, b = pairs->partner[i];
    if (b == ALONE) {
      if (lonely == ALONE) {
        lonely = i;
        continue;
      }
      a = lonely, b = i, lonely = ALONE;
      choice->first[choice->unfit] = (uint8_t)a, choice->second[choice->unfit] = (uint8_t)b, choice->places[choice->unfit++] = (uint8_t)(place + 1);
    } else if (b < i) {
      continue;
    }
    choice->order[place++] = (uint8_t)a, choice->order[place++] = (uint8_t)b;
  }
}

// Excesses find partners among themselves, or zeros: behind the window's own quartets.
SWL_INLINE void place_excesses(const unsigned may_meet[UNFIT], struct choice *choice) {
  int place = 4 * choice->quartets;
  unsigned rest = (1u << choice->unfit) - 1;
  while (rest != 0) {
    const int a = __builtin_ctz(rest);
    rest &= rest - 1;
    const unsigned choices = may_meet[a] & rest;
    const int mate = choices == 0 ? ZERO : WINDOW + __builtin_ctz(choices);
    rest &= ~(choices & -choices);
    choice->order[place++] = (uint8_t)(WINDOW + a), choice->order[place++] = (uint8_t)mate;
  }
  for (; place % 4 != 0; place++) choice->order[place] = ZERO;
  choice->quartets = place / 4;
}

// The byte that meets a weight.
SWL_INLINE int byte_of(const struct choice *choice, int weight) {
  if (weight < WINDOW) return weight;
  return weight == ZERO ? 0 : choice->second[weight - WINDOW];
}

enum kind { OCTETS, FOUR, FIVE, OTHER };

SWL_INLINE enum kind kind_of(const struct choice *choice) {
  if (choice->are_octets) return OCTETS;
  return choice->quartets == 4 ? FOUR : choice->quartets == 5 ? FIVE : OTHER;
}

// Where a window's bytes begin in a row, and the weights that meet them: `count` from `element` on, and zeros that make quartets full.
struct span {
  int64_t offset, element, count, length;
  int shift; // the window's first byte among the sixteen read
};

SWL_INLINE struct span span_of(const struct swl_blocking *b, int64_t w) {
  if (b->strip_pitch == 0) {
    const int64_t begin = w * WINDOW, length = swl_minimum(WINDOW, b->padded_depth - begin);
    // Sixteen bytes that end where the row does, if it has as many.
    const int shift = b->padded_depth >= WINDOW ? (int)(WINDOW - length) : 0;
    return (struct span){.offset = begin - shift, .element = begin, .count = swl_minimum(length, b->depth - begin), .length = length, .shift = shift};
  }
  const int64_t per_run = (b->strip_run + WINDOW - 1) / WINDOW, line = w / per_run, begin = w % per_run * WINDOW;
  const int64_t count = swl_minimum(WINDOW, b->strip_run - begin);
  return (struct span){.offset = line * b->strip_pitch + begin, .element = line * b->strip_run + begin, .count = count, .length = (count + 3) / 4 * 4};
}

#endif
#endif
