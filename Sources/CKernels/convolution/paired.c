#include "paired.h"

#include <string.h>

#include "../shared/targets.h"

#define COLUMNS SWL_PAIRED_COLUMNS
#define WINDOW SWL_PAIRED_WINDOW
// What the weights of one sign in a sum may add up to.
#define LIMIT 128
#define MATCHING_STEPS 128

// A byte for each column.
typedef uint8_t columns_of_bytes __attribute__((vector_size(COLUMNS)));

// Magnitudes of a window's weights, by sign.
struct magnitudes {
  columns_of_bytes positive[WINDOW], negative[WINDOW];
};

// Whether a + b passes the limit in any column; neither does alone.
SWL_INLINE bool exceeds(columns_of_bytes a, columns_of_bytes b) {
  columns_of_bytes over = (columns_of_bytes)(a > (uint8_t)LIMIT - b);
  uint64_t halves[2];
  memcpy(halves, &over, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

// Without branches: whether weights are large is as good as random.
SWL_INLINE bool may_meet(const struct magnitudes *m, int a, int b) {
  columns_of_bytes over = (columns_of_bytes)(m->positive[a] > (uint8_t)LIMIT - m->positive[b]) | (columns_of_bytes)(m->negative[a] > (uint8_t)LIMIT - m->negative[b]);
  uint64_t halves[2];
  memcpy(halves, &over, sizeof halves);
  return (halves[0] | halves[1]) == 0;
}

// Partners for elements such that every pair may meet. `allowed[i]` has a bit for each element that i may meet.
struct matching {
  int count;
  uint16_t allowed[WINDOW];
  int partner[WINDOW];
};

static void allow_what_may_meet(struct matching *m, const struct magnitudes *magnitudes) {
  for (int a = 0; a < m->count; a++) {
    for (int b = a + 1; b < m->count; b++) {
      unsigned bit = may_meet(magnitudes, a, b);
      m->allowed[a] |= (uint16_t)(bit << b), m->allowed[b] |= (uint16_t)(bit << a);
    }
  }
}

// The first free element takes each partner in turn until the rest finds partners, too, or `steps` are used up: to miss a perfect
// matching costs speed alone.
static bool match_rest(struct matching *m, unsigned available, int *steps) {
  if (available == 0) return true;
  int a = __builtin_ctz(available);
  available &= available - 1;
  for (unsigned choices = m->allowed[a] & available; choices != 0; choices &= choices - 1) {
    if (--*steps < 0) return false;
    int mate = __builtin_ctz(choices);
    m->partner[a] = mate, m->partner[mate] = a;
    if (match_rest(m, available & ~(1u << mate), steps)) return true;
  }
  return false;
}

static bool match(struct matching *m) {
  int steps = MATCHING_STEPS;
  return match_rest(m, (1u << m->count) - 1, &steps);
}

// How one window is computed.
enum kind { OCTETS, QUARTETS, SINGLES };

struct choice {
  enum kind kind;
  bool in_order;
  uint8_t order[WINDOW];
};

// Whether the four elements of each sum of an octet may be added, in the order in which they lie.
static bool octets_hold(const struct magnitudes *m, int length) {
  for (int first = 0; first < length; first += 8) {
    for (int k = first; k < first + 4; k += 2) {
      if (!may_meet(m, k, k + 1) || !may_meet(m, k + 4, k + 5)) return false;
      if (exceeds(m->positive[k] + m->positive[k + 1], m->positive[k + 4] + m->positive[k + 5])) return false;
      if (exceeds(m->negative[k] + m->negative[k + 1], m->negative[k + 4] + m->negative[k + 5])) return false;
    }
  }
  return true;
}

static struct choice choose(const struct magnitudes *m, int length) {
  struct choice choice = {.kind = SINGLES, .in_order = true};
  for (int i = 0; i < WINDOW; i++) choice.order[i] = (uint8_t)i;
  if (octets_hold(m, length)) {
    choice.kind = OCTETS;
    return choice;
  }
  struct matching pairs = {.count = length};
  allow_what_may_meet(&pairs, m);
  if (!match(&pairs)) return choice;
  struct matching quads = {.count = length / 2};
  struct magnitudes sums;
  int first[WINDOW / 2], second[WINDOW / 2], count = 0;
  for (int i = 0; i < length; i++) {
    int mate = pairs.partner[i];
    if (mate < i) continue;
    sums.positive[count] = m->positive[i] + m->positive[mate];
    sums.negative[count] = m->negative[i] + m->negative[mate];
    first[count] = i, second[count] = mate, count++;
  }
  allow_what_may_meet(&quads, &sums);
  if (match(&quads)) {
    choice.kind = OCTETS;
    choice.in_order = false;
    int place = 0;
    for (int i = 0; i < count; i++) {
      int j = quads.partner[i];
      if (j < i) continue;
      uint8_t *octet = choice.order + place / 2 * 8 + place % 2 * 2;
      octet[0] = (uint8_t)first[i], octet[1] = (uint8_t)second[i], octet[4] = (uint8_t)first[j], octet[5] = (uint8_t)second[j];
      place++;
    }
    return choice;
  }
  choice.kind = QUARTETS;
  for (int i = 0; i < length && choice.in_order; i += 2) choice.in_order = (pairs.allowed[i] & 1u << (i + 1)) != 0;
  for (int i = 0; i < count && !choice.in_order; i++) choice.order[2 * i] = (uint8_t)first[i], choice.order[2 * i + 1] = (uint8_t)second[i];
  return choice;
}

static void transpose(int8_t from[COLUMNS][WINDOW], int8_t to[WINDOW][COLUMNS]) {
  for (int k = 0; k < WINDOW; k++) {
    for (int c = 0; c < COLUMNS; c++) to[k][c] = from[c][k];
  }
}

void swl_pack_paired_panel(const int8_t *weights, int64_t columns, int64_t depth, int64_t padded_depth, int8_t *panel) {
  struct swl_paired_panel *head = (struct swl_paired_panel *)(void *)panel;
  struct swl_paired_window *windows = (struct swl_paired_window *)(void *)(head + 1);
  int8_t *packed = panel + swl_paired_weights_offset(padded_depth);
  int64_t count = swl_paired_windows(padded_depth), written = 0;
  memset(panel, 0, (size_t)swl_paired_panel_size(padded_depth));
  head->is_direct = 1;
  // One pass a kind keeps the memory that packing needs small; most panels have one or two kinds.
  uint8_t kinds[1 << 12];
  bool kinds_are_known = false;
  for (enum kind kind = OCTETS; kind <= SINGLES; kind++) {
    for (int64_t w = 0; w < count; w++) {
      if (kinds_are_known && w < (int64_t)sizeof kinds && kinds[w] != kind) continue;
      int64_t begin = w * WINDOW;
      int length = (int)swl_minimum(WINDOW, padded_depth - begin);
      int8_t by_column[COLUMNS][WINDOW] = {0}, by_depth[WINDOW][COLUMNS];
      for (int64_t c = 0; c < columns; c++) memcpy(by_column[c], weights + c * depth + begin, (size_t)swl_minimum(length, depth - begin));
      transpose(by_column, by_depth);
      struct magnitudes m;
      for (int k = 0; k < WINDOW; k++) {
        for (int c = 0; c < COLUMNS; c++) {
          int8_t weight = by_depth[k][c];
          m.positive[k][c] = (uint8_t)(weight > 0 ? weight : 0), m.negative[k][c] = (uint8_t)(weight < 0 ? -weight : 0);
        }
      }
      struct choice choice = choose(&m, length);
      if (w < (int64_t)sizeof kinds) kinds[w] = (uint8_t)choice.kind;
      if (choice.kind != kind) continue;
      int64_t place = head->windows++;
      windows[place] = (struct swl_paired_window){.offset = (int32_t)begin, .length = length};
      memcpy(windows[place].order, choice.order, WINDOW);
      if (!choice.in_order || place != w) head->is_direct = 0;
      if (kind == OCTETS) head->octets += length / 8;
      if (kind == QUARTETS) head->quartets += length / 4;
      if (kind == SINGLES) head->singles += length / 4;
      for (int i = 0; i < length; i += 4) {
        int8_t *to = packed + (written + i) * COLUMNS;
        const int8_t *one = by_depth[choice.order[i]], *two = by_depth[choice.order[i + 1]], *three = by_depth[choice.order[i + 2]],
                     *four = by_depth[choice.order[i + 3]];
        for (int c = 0; c < COLUMNS; c++, to += 4) to[0] = one[c], to[1] = two[c], to[2] = three[c], to[3] = four[c];
      }
      written += length;
    }
    kinds_are_known = true;
  }
  int32_t *sums = (int32_t *)(void *)(packed + padded_depth * COLUMNS);
  for (int64_t c = 0; c < columns; c++) {
    int32_t sum = 0;
    for (int64_t k = 0; k < depth; k++) sum += weights[c * depth + k];
    sums[c] = sum;
  }
}
