// Only kernels for x86-64 read such panels.
#if defined(__x86_64__)
#include "choice.h"

// What the weights of one sign in a sum may add up to.
#define LIMIT 128

// A window's weights, for each depth element a byte a column; behind them what is read a second time, and zeros.
struct window {
  __m128i weights[WINDOW + UNFIT + 1];
  int8_t by_column[COLUMNS][WINDOW]; // as they were read
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

// Splits the second half of each unfit pair.
static void split(struct window *window, const struct choice *choice) {
  for (int i = 0; i < choice->unfit; i++) {
    __m128i *second = &window->weights[choice->second[i]], rest = excess(window->weights[choice->first[i]], *second);
    *second = _mm_sub_epi8(*second, rest);
    window->weights[WINDOW + i] = rest;
  }
}

// The places of an octet's elements by sum: 0, 1, 4, 5 are one, 2, 3, 6, 7 the other.
static void place_octets(const struct matching *quads, struct choice *choice) {
  uint8_t pairs[WINDOW];
  memcpy(pairs, choice->order, sizeof pairs);
  int place = 0;
  for (int i = 0; i < quads->count; i++) {
    const int j = quads->partner[i];
    if (j < i) continue;
    uint8_t *octet = choice->order + place / 2 * 8 + place % 2 * 2;
    memcpy(octet, pairs + (ptrdiff_t)2 * i, 2), memcpy(octet + 4, pairs + (ptrdiff_t)2 * j, 2);
    place++;
  }
  choice->are_octets = true;
  choice->in_order = false;
}

// Magnitudes of the sums of pairs.
static void add_up(const struct window *window, const uint8_t *order, int pairs, struct magnitudes *sums) {
  for (int i = 0; i < pairs; i++) {
    const __m128i a = window->weights[order[2 * i]], b = window->weights[order[2 * i + 1]];
    sums->positive[i] = _mm_adds_epu8(positive_part(a), positive_part(b));
    sums->negative[i] = _mm_adds_epu8(negative_part(a), negative_part(b));
  }
}

static bool are_pairs_in_order(const struct window *window, int length) {
  for (int i = 0; i < length; i += 2) {
    if (!may_pair(window->weights[i], window->weights[i + 1])) return false;
  }
  return true;
}

// Of pairs that lie in order.
static bool are_octets_in_order(const struct window *window, int length) {
  if (length % 8 != 0) return false;
  struct magnitudes sums;
  add_up(window, in_order, length / 2, &sums);
  for (int i = 0; i < length / 2; i += 4) {
    if (!may_meet(&sums, i, i + 2) || !may_meet(&sums, i + 1, i + 3)) return false;
  }
  return true;
}

// Octets where all pairs find partners.
static void choose_octets(const struct window *window, int length, struct choice *choice) {
  struct magnitudes sums;
  struct matching quads = {.count = length / 2};
  add_up(window, choice->order, quads.count, &sums);
  for (int a = 0; a < quads.count; a++) {
    for (int b = a + 1; b < quads.count; b++) {
      if (may_meet(&sums, a, b)) quads.may_meet[a] |= 1u << b, quads.may_meet[b] |= 1u << a;
    }
  }
  match(&quads);
  for (int i = 0; i < quads.count; i++) {
    if (quads.partner[i] == ALONE) return;
  }
  place_octets(&quads, choice);
}

// Which weights may be added: where no column's sum saturates. Two columns at a time.
SWL_TARGET_AVX2 static void find_pairs(const struct window *window, struct matching *pairs) {
  const unsigned all = (1u << pairs->count) - 1;
  for (int a = 0; a < pairs->count; a++) {
    const __m256i repeat = _mm256_set1_epi8((char)a);
    __m256i saturated = _mm256_setzero_si256();
    for (int c = 0; c < COLUMNS; c += 2) {
      const __m256i weights = _mm256_loadu_si256((const __m256i *)(const void *)window->by_column[c]), one = _mm256_shuffle_epi8(weights, repeat);
      saturated = _mm256_or_si256(saturated, _mm256_xor_si256(_mm256_adds_epi8(weights, one), _mm256_add_epi8(weights, one)));
    }
    const __m128i either = _mm_or_si128(_mm256_castsi256_si128(saturated), _mm256_extracti128_si256(saturated, 1));
    pairs->may_meet[a] = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(either, _mm_setzero_si128())) & all & ~(1u << a);
  }
}

// Excesses of a window that was split.
static void find_excesses(const struct window *window, int unfit, unsigned may_meet[UNFIT]) {
  for (int a = 0; a < unfit; a++) {
    for (int b = a + 1; b < unfit; b++) {
      if (may_pair(window->weights[WINDOW + a], window->weights[WINDOW + b])) may_meet[a] |= 1u << b;
    }
  }
}

static void choose_pairs(const struct window *window, int length, struct choice *choice) {
  struct matching pairs = {.count = length};
  find_pairs(window, &pairs);
  if (match(&pairs) == 0) {
    memcpy(choice->order, pairs.pairs, (size_t)length);
    return;
  }
  place_pairs(&pairs, choice);
  if (choice->unfit == 0) return;
  struct window copy = *window;
  unsigned may_meet[UNFIT] = {0};
  split(&copy, choice);
  find_excesses(&copy, choice->unfit, may_meet);
  place_excesses(may_meet, choice);
}

// How to compute a window; octets only where they are of use.
static void choose(const struct window *window, int length, bool has_octets, struct choice *choice) {
  *choice = (struct choice){.quartets = length / 4, .in_order = are_pairs_in_order(window, length)};
  if (choice->in_order) {
    memcpy(choice->order, in_order, sizeof in_order);
  } else {
    choose_pairs(window, length, choice);
  }
  if (!has_octets || choice->unfit > 0 || length % 8 != 0) return;
  choice->are_octets = choice->in_order && are_octets_in_order(window, length);
  if (!choice->are_octets) choose_octets(window, length, choice);
}

static void read_window(const int8_t *weights, int64_t columns, int64_t depth, const struct span *span, struct window *window) {
  __m128i by_column[COLUMNS];
  for (int64_t c = 0; c < COLUMNS; c++) {
    int8_t *bytes = window->by_column[c];
    const int8_t *from = weights + c * depth + span->element;
    if (c < columns && span->count == WINDOW) {
      memcpy(bytes, from, WINDOW);
    } else {
      memset(bytes, 0, WINDOW);
      if (c < columns) memcpy(bytes, from, (size_t)span->count);
    }
    by_column[c] = _mm_loadu_si128((const __m128i *)(const void *)bytes);
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
bool swl_has_octets(const int8_t *weights, int64_t columns, const struct swl_blocking *b) {
  if (columns <= 8) return true;
  if (b->strip_pitch != 0) return false;
  for (int64_t w = 0; w < swl_paired_windows(b); w++) {
    const struct span span = span_of(b, w);
    struct window window;
    read_window(weights, columns, b->depth, &span, &window);
    if (!are_pairs_in_order(&window, (int)span.length) || !are_octets_in_order(&window, (int)span.length)) return false;
  }
  return true;
}

static int32_t sum_of(const int8_t *weights, int64_t count) {
  __m128i total = _mm_setzero_si128();
  int64_t i = 0;
  // As unsigned numbers, 128 more.
  for (; i + 16 <= count; i += 16) {
    const __m128i bytes = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)(weights + i)), _mm_set1_epi8(-128));
    total = _mm_add_epi64(total, _mm_sad_epu8(bytes, _mm_setzero_si128()));
  }
  int32_t sum = _mm_cvtsi128_si32(total) + _mm_cvtsi128_si32(_mm_unpackhi_epi64(total, total)) - 128 * (int32_t)i;
  for (; i < count; i++) sum += weights[i];
  return sum;
}

int64_t swl_pack_paired_panel_singly(const int8_t *weights, int64_t columns, const struct swl_blocking *b, int8_t *panel) {
  struct swl_paired_panel *head = (struct swl_paired_panel *)(void *)panel;
  struct swl_paired_window *windows = (struct swl_paired_window *)(void *)(head + 1);
  int8_t *packed = panel + swl_paired_weights_offset(b);
  const int64_t count = swl_paired_windows(b);
  int64_t place = 0;
  *head = (struct swl_paired_panel){.is_direct = b->strip_pitch == 0};
  int32_t *const kinds[] = {&head->octet_windows, &head->windows_of_four, &head->windows_of_five, &head->other_windows};
  // One pass for each kind keeps the memory that packing needs small.
  struct choice choices[REMEMBERED];
  const bool has_octets = swl_has_octets(weights, columns, b);
  for (enum kind kind = OCTETS; kind <= OTHER && place < count; kind++) {
    for (int64_t w = 0; w < count; w++) {
      struct choice other, *choice = w < REMEMBERED ? &choices[w] : &other;
      const bool is_known = kind != OCTETS && w < REMEMBERED;
      if (is_known && kind_of(choice) != kind) continue;
      const struct span span = span_of(b, w);
      struct window window;
      read_window(weights, columns, b->depth, &span, &window);
      if (!is_known) {
        choose(&window, (int)span.length, has_octets, choice);
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
  for (int64_t c = 0; c < columns; c++) head->sums[c] = sum_of(weights + c * b->depth, b->depth);
  return packed - panel;
}
#else
typedef int swl_not_x86;
#endif
