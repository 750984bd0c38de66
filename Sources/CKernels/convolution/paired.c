// Only kernels for x86-64 read such panels.
#if defined(__x86_64__)
#include "paired.h"

#include <emmintrin.h>
#include <string.h>

#include "../shared/targets.h"

#define COLUMNS SWL_PAIRED_COLUMNS
#define WINDOW SWL_PAIRED_WINDOW
// What the weights of one sign in a sum may add up to.
#define LIMIT 128
#define MATCHING_STEPS 128
#define ALONE (-1)
// Choices that are kept from the first pass over a panel.
#define REMEMBERED 512

// Pairs that can't be added, and their second halves' excesses.
#define UNFIT (WINDOW / 2)
#define ZERO (WINDOW + UNFIT)

// A window's weights, for each depth element a byte a column; behind them what is read a second time, and zeros.
struct window {
  __m128i weights[WINDOW + UNFIT + 1];
};

// Magnitudes of sums of weights, by sign, saturated at 255.
struct magnitudes {
  __m128i positive[WINDOW], negative[WINDOW];
};

SWL_INLINE bool is_zero(__m128i bytes) { return _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_setzero_si128())) == 0xFFFF; }

// What has to be taken off the second of two weights so that they may be added in every column.
SWL_INLINE __m128i excess(__m128i a, __m128i b) { return _mm_sub_epi8(b, _mm_sub_epi8(_mm_adds_epi8(a, b), a)); }

SWL_INLINE bool may_pair(__m128i a, __m128i b) { return is_zero(excess(a, b)); }

// Whether sums of either sign stay within the limit in every column.
SWL_INLINE bool may_meet(const struct magnitudes *m, int a, int b) {
  const __m128i limit = _mm_set1_epi8((char)LIMIT);
  __m128i positive = _mm_subs_epu8(_mm_adds_epu8(m->positive[a], m->positive[b]), limit);
  __m128i negative = _mm_subs_epu8(_mm_adds_epu8(m->negative[a], m->negative[b]), limit);
  return is_zero(_mm_or_si128(positive, negative));
}

SWL_INLINE __m128i positive_part(__m128i weights) { return _mm_andnot_si128(_mm_cmplt_epi8(weights, _mm_setzero_si128()), weights); }
// -128 gives 128, as an unsigned byte.
SWL_INLINE __m128i negative_part(__m128i weights) {
  return _mm_and_si128(_mm_cmplt_epi8(weights, _mm_setzero_si128()), _mm_sub_epi8(_mm_setzero_si128(), weights));
}

// Partners for elements such that every pair may meet: weights, or sums of two where there are sums.
struct matching {
  int count;
  const __m128i *weights;
  const struct magnitudes *sums; // NULL: weights
  int partner[WINDOW];
};

SWL_INLINE bool suits(const struct matching *m, int a, int b) { return m->sums ? may_meet(m->sums, a, b) : may_pair(m->weights[a], m->weights[b]); }

// The first free element takes each partner in turn, or stays alone as long as `alone` others may, until the rest is done, too, or
// `steps` are used up: to miss a matching costs speed alone.
static bool match_rest(struct matching *m, unsigned available, int alone, int *steps) {
  if (available == 0) return true;
  int a = __builtin_ctz(available);
  available &= available - 1;
  for (unsigned choices = available; choices != 0; choices &= choices - 1) {
    int mate = __builtin_ctz(choices);
    if (!suits(m, a, mate)) continue;
    if (--*steps < 0) return false;
    m->partner[a] = mate, m->partner[mate] = a;
    if (match_rest(m, available & ~(1u << mate), alone, steps)) return true;
  }
  if (alone == 0) return false;
  m->partner[a] = ALONE;
  return match_rest(m, available, alone - 1, steps);
}

static bool match(struct matching *m, int alone) {
  int steps = MATCHING_STEPS;
  return match_rest(m, (1u << m->count) - 1, alone, &steps);
}

// How one window is computed: which of its weights stand where.
struct choice {
  bool are_octets, in_order;
  int quartets, unfit;
  uint8_t first[UNFIT], second[UNFIT]; // pairs that can't be added
  uint8_t order[4 * SWL_PAIRED_QUARTETS];
};

// Splits the second half of each unfit pair.
static void split(struct window *window, const struct choice *choice) {
  for (int i = 0; i < choice->unfit; i++) {
    __m128i *second = &window->weights[choice->second[i]], rest = excess(window->weights[choice->first[i]], *second);
    *second = _mm_sub_epi8(*second, rest);
    window->weights[WINDOW + i] = rest;
  }
}

// Excesses find partners among themselves, or zeros.
static void place_excesses(const struct window *window, struct choice *choice) {
  int place = 4 * choice->quartets;
  unsigned rest = (1u << choice->unfit) - 1;
  while (rest != 0) {
    const int a = __builtin_ctz(rest);
    int mate = ZERO;
    rest &= rest - 1;
    for (unsigned choices = rest; choices != 0 && mate == ZERO; choices &= choices - 1) {
      const int b = __builtin_ctz(choices);
      if (may_pair(window->weights[WINDOW + a], window->weights[WINDOW + b])) mate = WINDOW + b, rest &= ~(1u << b);
    }
    choice->order[place++] = (uint8_t)(WINDOW + a), choice->order[place++] = (uint8_t)mate;
  }
  for (; place % 4 != 0; place++) choice->order[place] = ZERO;
  choice->quartets = place / 4;
}

// The byte that meets a weight.
static int byte_of(const struct choice *choice, int weight) {
  if (weight < WINDOW) return weight;
  return weight == ZERO ? 0 : choice->second[weight - WINDOW];
}

// The places of an octet's elements by sum: 0, 1, 4, 5 are one, 2, 3, 6, 7 the other.
static void place_octets(const struct matching *quads, const int *first, const int *second, struct choice *choice) {
  int place = 0;
  for (int i = 0; i < quads->count; i++) {
    int j = quads->partner[i];
    if (j < i) continue;
    uint8_t *octet = choice->order + place / 2 * 8 + place % 2 * 2;
    octet[0] = (uint8_t)first[i], octet[1] = (uint8_t)second[i], octet[4] = (uint8_t)first[j], octet[5] = (uint8_t)second[j];
    place++;
  }
  choice->are_octets = true;
  choice->in_order = false;
}

// Whether pairs that lie in order are octets as they lie.
static bool are_octets_in_order(const struct magnitudes *sums, int pairs) {
  for (int i = 0; i < pairs; i += 4) {
    if (!may_meet(sums, i, i + 2) || !may_meet(sums, i + 1, i + 3)) return false;
  }
  return true;
}

// Pairs that may be added, of these octets where all pairs find partners; else up to eight elements, or all, stay without one and form
// unfit pairs.
static void choose(const struct window *window, int length, struct choice *choice) {
  const __m128i *weights = window->weights;
  *choice = (struct choice){.in_order = true, .quartets = length / 4};
  struct matching pairs = {.count = length, .weights = weights};
  for (int alone = 0; !match(&pairs, alone);) alone += UNFIT;
  struct magnitudes sums;
  int first[WINDOW / 2], second[WINDOW / 2], count = 0, lonely = ALONE;
  for (int i = 0; i < length; i++) {
    int a = i, b = pairs.partner[i];
    if (b == ALONE) {
      if (lonely == ALONE) {
        lonely = i;
        continue;
      }
      a = lonely, b = i, lonely = ALONE;
      choice->first[choice->unfit] = (uint8_t)a, choice->second[choice->unfit++] = (uint8_t)b;
    } else if (b < i) {
      continue;
    }
    choice->in_order = choice->in_order && a == 2 * count && b == a + 1;
    choice->order[2 * count] = (uint8_t)a, choice->order[2 * count + 1] = (uint8_t)b;
    sums.positive[count] = _mm_adds_epu8(positive_part(weights[a]), positive_part(weights[b]));
    sums.negative[count] = _mm_adds_epu8(negative_part(weights[a]), negative_part(weights[b]));
    first[count] = a, second[count] = b, count++;
  }
  if (choice->unfit > 0) {
    struct window copy = *window;
    split(&copy, choice);
    place_excesses(&copy, choice);
    return;
  }
  if (length % 8 != 0) return;
  if (choice->in_order && are_octets_in_order(&sums, count)) {
    choice->are_octets = true;
    return;
  }
  struct matching quads = {.count = length / 2, .sums = &sums};
  if (match(&quads, 0)) place_octets(&quads, first, second, choice);
}

// Sixteen columns of sixteen depth elements, turned.
static void turn(const __m128i from[WINDOW], __m128i to[WINDOW]) {
  __m128i a[WINDOW], b[WINDOW];
  for (int i = 0; i < 8; i++) a[2 * i] = _mm_unpacklo_epi8(from[i], from[i + 8]), a[2 * i + 1] = _mm_unpackhi_epi8(from[i], from[i + 8]);
  for (int i = 0; i < 8; i++) b[2 * i] = _mm_unpacklo_epi8(a[i], a[i + 8]), b[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + 8]);
  for (int i = 0; i < 8; i++) a[2 * i] = _mm_unpacklo_epi8(b[i], b[i + 8]), a[2 * i + 1] = _mm_unpackhi_epi8(b[i], b[i + 8]);
  for (int i = 0; i < 8; i++) to[2 * i] = _mm_unpacklo_epi8(a[i], a[i + 8]), to[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + 8]);
}

// Where a window's bytes begin in a row, and the weights that meet them: `count` from `element` on, and zeros that make quartets full.
struct span {
  int64_t offset, element, count, length;
  int shift; // the window's first byte among the sixteen read
};

static struct span span_of(const struct swl_blocking *b, int64_t w) {
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

static void read_window(const int8_t *weights, int64_t columns, int64_t depth, const struct span *span, struct window *window) {
  __m128i by_column[COLUMNS];
  for (int64_t c = 0; c < COLUMNS; c++) {
    int8_t bytes[WINDOW] = {0};
    const int8_t *from = weights + c * depth + span->element;
    if (c < columns && span->count == WINDOW) {
      memcpy(bytes, from, WINDOW);
    } else if (c < columns) {
      memcpy(bytes, from, (size_t)span->count);
    }
    by_column[c] = _mm_loadu_si128((const __m128i *)bytes);
  }
  turn(by_column, window->weights);
  window->weights[ZERO] = _mm_setzero_si128();
}

// Four depth elements a column together, sixteen columns.
static void write_quartet(const __m128i *weights, const uint8_t *order, int8_t *to) {
  __m128i one = weights[order[0]], two = weights[order[1]], three = weights[order[2]], four = weights[order[3]];
  __m128i left_low = _mm_unpacklo_epi8(one, two), left_high = _mm_unpackhi_epi8(one, two);
  __m128i right_low = _mm_unpacklo_epi8(three, four), right_high = _mm_unpackhi_epi8(three, four);
  __m128i *at = (__m128i *)(void *)to;
  _mm_storeu_si128(at, _mm_unpacklo_epi16(left_low, right_low));
  _mm_storeu_si128(at + 1, _mm_unpackhi_epi16(left_low, right_low));
  _mm_storeu_si128(at + 2, _mm_unpacklo_epi16(left_high, right_high));
  _mm_storeu_si128(at + 3, _mm_unpackhi_epi16(left_high, right_high));
}

// What may be added in fours may be added in pairs, and is where it has to be brought into order for many columns: kernels have more
// registers for that.
static bool are_octets_worth_it(const int8_t *weights, int64_t columns, const struct swl_blocking *b) {
  if (columns <= 8) return true;
  if (b->strip_pitch != 0) return false;
  for (int64_t w = 0; w < swl_paired_windows(b); w++) {
    const struct span span = span_of(b, w);
    struct window window;
    struct choice choice;
    read_window(weights, columns, b->depth, &span, &window);
    choose(&window, (int)span.length, &choice);
    if (!choice.are_octets || !choice.in_order) return false;
  }
  return true;
}

enum kind { OCTETS, FOUR, FIVE, OTHER };

static enum kind kind_of(const struct choice *choice) {
  if (choice->are_octets) return OCTETS;
  return choice->quartets == 4 ? FOUR : choice->quartets == 5 ? FIVE : OTHER;
}

int64_t swl_pack_paired_panel(const int8_t *weights, int64_t columns, const struct swl_blocking *b, int8_t *panel) {
  struct swl_paired_panel *head = (struct swl_paired_panel *)(void *)panel;
  struct swl_paired_window *windows = (struct swl_paired_window *)(void *)(head + 1);
  int8_t *packed = panel + swl_paired_weights_offset(b);
  const int64_t count = swl_paired_windows(b);
  int64_t place = 0;
  *head = (struct swl_paired_panel){.is_direct = b->strip_pitch == 0};
  int32_t *const kinds[] = {&head->octet_windows, &head->windows_of_four, &head->windows_of_five, &head->other_windows};
  // One pass for each kind keeps the memory that packing needs small.
  struct choice choices[REMEMBERED];
  const bool has_octets = are_octets_worth_it(weights, columns, b);
  for (enum kind kind = OCTETS; kind <= OTHER && place < count; kind++) {
    for (int64_t w = 0; w < count; w++) {
      struct choice other, *choice = w < REMEMBERED ? &choices[w] : &other;
      const bool is_known = kind != OCTETS && w < REMEMBERED;
      if (is_known && kind_of(choice) != kind) continue;
      const struct span span = span_of(b, w);
      struct window window;
      read_window(weights, columns, b->depth, &span, &window);
      if (!is_known) {
        choose(&window, (int)span.length, choice);
        choice->are_octets = choice->are_octets && has_octets;
      }
      if (kind_of(choice) != kind) continue;
      if (!choice->in_order || choice->unfit > 0 || place != w) head->is_direct = 0;
      struct swl_paired_window *to = &windows[place++];
      *to = (struct swl_paired_window){.offset = (int32_t)span.offset, .quartets = choice->quartets};
      *kinds[kind] += 1;
      if (kind == OCTETS) {
        head->octets += choice->quartets / 2;
      } else {
        head->quartets += choice->quartets;
      }
      split(&window, choice);
      for (int i = 0; i < choice->quartets; i++, packed += 4 * COLUMNS) write_quartet(window.weights, choice->order + 4 * i, packed);
      for (int i = 0; i < 4 * choice->quartets; i++) to->order[i] = (uint8_t)(byte_of(choice, choice->order[i]) + span.shift);
    }
  }
  for (int64_t c = 0; c < columns; c++) {
    int32_t sum = 0;
    for (int64_t k = 0; k < b->depth; k++) sum += weights[c * b->depth + k];
    head->sums[c] = sum;
  }
  return packed - panel;
}
#else
typedef int swl_not_x86;
#endif
