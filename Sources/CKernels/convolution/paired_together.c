// Panels of more than eight columns, as swl_pack_paired_panel_singly packs them, many windows at a time.
#if defined(__x86_64__)
#include "choice.h"
#include "matchings.h"

#define PAIRS_OF_COLUMNS (COLUMNS / 2)

// A window's weights, sixteen of a column and sixteen of the fourth behind it: columns 0 and 4, 1 and 5, 2 and 6, 3 and 7, 8 and 12, …
struct columns {
  __m256i pairs[PAIRS_OF_COLUMNS];
};

SWL_TARGET_AVX2 SWL_INLINE void read_columns(const int8_t *weights, int64_t columns, int64_t depth, const struct span *span, struct columns *window) {
  const int8_t *from = weights + span->element;
  int8_t padded[COLUMNS][WINDOW];
  int64_t pitch = depth;
  if (columns < COLUMNS || span->count < WINDOW) {
    memset(padded, 0, sizeof padded);
    for (int64_t c = 0; c < columns; c++) memcpy(padded[c], from + c * depth, (size_t)span->count);
    from = padded[0], pitch = WINDOW;
  }
#pragma GCC unroll 8
  for (int i = 0; i < PAIRS_OF_COLUMNS; i++) {
    const int8_t *column = from + (i / 4 * 8 + i % 4) * pitch;
    window->pairs[i] = _mm256_loadu2_m128i((const __m128i *)(const void *)(column + 4 * pitch), (const __m128i *)(const void *)column);
  }
}

// For each element the bits of those that it may be added to, 0 to 7 in the first sixteen bytes and 8 to 15 in the others: where no column's
// sum saturates. Elements meet those one, two … eight places on, all columns at once. `flipped` are 127 less weights: a mean of two, rounded up, is 255 less
// their sum, halved, and of a sum between −128 and 127 between 64 and 191.
SWL_TARGET_AVX2 SWL_INLINE __m256i meetings(const struct columns *flipped, int length, bool *ret_in_order) {
  const __m256i own = _mm256_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, -128);
  __m256i meetings = _mm256_setzero_si256();
#define MEET(distance, also)                                                                                           \
  {                                                                                                                    \
    __m256i least = _mm256_set1_epi8(-1), most = _mm256_setzero_si256();                                               \
    _Pragma("GCC unroll 8") for (int i = 0; i < PAIRS_OF_COLUMNS; i++) {                                               \
      const __m256i one = flipped->pairs[i], mean = _mm256_avg_epu8(one, _mm256_alignr_epi8(one, one, distance));      \
      least = _mm256_min_epu8(least, mean), most = _mm256_max_epu8(most, mean);                                        \
    }                                                                                                                  \
    least = _mm256_min_epu8(least, _mm256_permute2x128_si256(least, least, 1));                                        \
    most = _mm256_max_epu8(most, _mm256_permute2x128_si256(most, most, 1));                                            \
    const __m256i fits = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_max_epu8(least, _mm256_set1_epi8(64)), least),      \
                                          _mm256_cmpeq_epi8(_mm256_min_epu8(most, _mm256_set1_epi8((char)191)), most)); \
    const __m256i mine = _mm256_and_si256(fits, own);                                                                  \
    meetings = _mm256_or_si256(meetings, _mm256_and_si256(fits, _mm256_alignr_epi8(own, own, distance)));              \
    meetings = _mm256_or_si256(meetings, _mm256_alignr_epi8(mine, mine, 16 - distance));                               \
    also                                                                                                               \
  }
  const int even = ((1 << length) - 1) & 0x5555;
  MEET(1, *ret_in_order = (_mm256_movemask_epi8(fits) & even) == even;)
  MEET(2, ) MEET(3, ) MEET(4, ) MEET(5, ) MEET(6, ) MEET(7, ) MEET(8, )
#undef MEET
  // None with those that aren't there.
  const __m256i places = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  const unsigned bits = (1u << length) - 1;
  const __m256i present = _mm256_set_m128i(_mm_set1_epi8((char)(bits >> 8)), _mm_set1_epi8((char)bits));
  return _mm256_and_si256(_mm256_and_si256(meetings, present), _mm256_cmpgt_epi8(_mm256_set1_epi8((char)length), places));
}

SWL_TARGET_AVX2 SWL_INLINE void flip(const struct columns *window, struct columns *flipped) {
  for (int i = 0; i < PAIRS_OF_COLUMNS; i++) flipped->pairs[i] = _mm256_xor_si256(window->pairs[i], _mm256_set1_epi8(127));
}

// A window's weights in the order of the choice, second halves of unfit pairs less their excesses, and the excesses where these stand. Of pairs that may
// be added there is none.
SWL_TARGET_AVX2 SWL_INLINE __m256i split(__m256i weights, __m256i order, __m256i *ret_excess) {
  const __m256i ordered = _mm256_shuffle_epi8(weights, order), before = _mm256_slli_epi16(ordered, 8);
  *ret_excess = _mm256_sub_epi8(ordered, _mm256_sub_epi8(_mm256_adds_epi8(ordered, before), before));
  return _mm256_sub_epi8(ordered, *ret_excess);
}

SWL_TARGET_AVX2 SWL_INLINE __m256i order_at(const uint8_t *order) { return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)order)); }

// Which excesses of a window may be added.
SWL_TARGET_AVX2 static void find_excesses(const struct columns *window, const struct choice *choice, unsigned may_meet[UNFIT]) {
  uint8_t places[WINDOW];
  memset(places, 0x80, sizeof places), memcpy(places, choice->places, (size_t)choice->unfit);
  struct columns excesses, flipped;
  for (int i = 0; i < PAIRS_OF_COLUMNS; i++) {
    split(window->pairs[i], order_at(choice->order), &excesses.pairs[i]);
    excesses.pairs[i] = _mm256_shuffle_epi8(excesses.pairs[i], order_at(places));
  }
  flip(&excesses, &flipped);
  bool are_in_order;
  uint8_t found[2][WINDOW];
  _mm256_storeu_si256((__m256i *)(void *)found, meetings(&flipped, choice->unfit, &are_in_order));
  for (int i = 0; i < UNFIT; i++) may_meet[i] = found[0][i];
}

// Some windows that are chosen together.
struct group {
  int64_t first;
  int count;
  uint8_t low[SWL_MATCHINGS][WINDOW], high[SWL_MATCHINGS][WINDOW]; // meetings
  uint8_t lengths[SWL_MATCHINGS];
  bool in_order[SWL_MATCHINGS];
  struct matchings matchings;
  uint8_t pairs[SWL_MATCHINGS][WINDOW];
};

SWL_TARGET_AVX2 SWL_INLINE __m128i bytes_at(const uint8_t *from) { return _mm_loadu_si128((const __m128i *)(const void *)from); }

// Sixteen windows' meetings of sixteen elements, turned.
SWL_TARGET_AVX2 SWL_INLINE void turn_meetings(uint8_t (*from)[WINDOW], __m128i to[WINDOW]) {
  __m128i windows[WINDOW];
  for (int i = 0; i < WINDOW; i++) windows[i] = bytes_at(from[i]);
  turn(windows, to);
}

SWL_TARGET_AVX2 static void match_group(struct group *group) {
  struct matchings *m = &group->matchings;
  __m128i turned[2][WINDOW];
  for (int half = 0; half < 2; half++) {
    uint8_t (*meetings)[WINDOW] = half == 0 ? group->low : group->high;
    turn_meetings(meetings, turned[0]), turn_meetings(meetings + WINDOW, turned[1]);
    for (int i = 0; i < WINDOW; i++) (half == 0 ? m->low : m->high)[i] = _mm256_set_m128i(turned[1][i], turned[0][i]);
  }
  m->counts = _mm256_loadu_si256((const __m256i *)(const void *)group->lengths);
  match_together(m);
  gather_pairs(m, group->pairs);
}

// What one window of a group got.
SWL_TARGET_AVX2 static void choose(const struct group *group, int w, const int8_t *weights, int64_t columns, const struct swl_blocking *b,
                                   struct choice *choice) {
  const struct matchings *m = &group->matchings;
  const int length = group->lengths[w];
  *choice = (struct choice){.quartets = length / 4, .in_order = group->in_order[w]};
  if (choice->in_order) {
    memcpy(choice->order, in_order, sizeof in_order);
    return;
  }
  const unsigned present = (1u << length) - 1;
  if (((unsigned)_mm_movemask_epi8(bytes_at(group->pairs[w])) & present) == 0) {
    memcpy(choice->order, group->pairs[w], WINDOW);
    return;
  }
  // GONE has a place behind the elements.
  uint8_t partners[2 * WINDOW];
  for (int step = 0; step < m->steps; step++) {
    const uint8_t first = m->first[step][w], second = m->second[step][w];
    partners[first % (2 * WINDOW)] = second, partners[second % (2 * WINDOW)] = first;
  }
  const unsigned alone = (unsigned)_mm_movemask_epi8(bytes_at(partners)) & present;
  struct matching pairs = {.count = length};
  for (int i = 0; i < length; i++) {
    pairs.may_meet[i] = group->low[w][i] | (unsigned)group->high[w][i] << 8;
    pairs.partner[i] = partners[i] == GONE ? ALONE : partners[i];
  }
  exchange_all(&pairs, alone);
  place_pairs(&pairs, choice);
  unsigned may_meet[UNFIT] = {0};
  if (choice->unfit > 1) {
    const struct span span = span_of(b, group->first + w);
    struct columns window;
    read_columns(weights, columns, b->depth, &span, &window);
    find_excesses(&window, choice, may_meet);
  }
  if (choice->unfit > 0) place_excesses(may_meet, choice);
}

// Chooses for all windows of a panel, and adds up each column's weights.
SWL_TARGET_AVX2 static void choose_all(const int8_t *weights, int64_t columns, const struct swl_blocking *b, int64_t count, struct choice *choices,
                                       int32_t sums[COLUMNS]) {
  __m256i totals[PAIRS_OF_COLUMNS] = {0};
  struct group group = {.first = 0};
  for (; group.first < count; group.first += group.count) {
    group.count = (int)swl_minimum(count - group.first, SWL_MATCHINGS);
    memset(group.lengths, 0, sizeof group.lengths);
    for (int w = 0; w < group.count; w++) {
      const struct span span = span_of(b, group.first + w);
      struct columns window, flipped;
      read_columns(weights, columns, b->depth, &span, &window);
      flip(&window, &flipped);
      const __m256i found = meetings(&flipped, (int)span.length, &group.in_order[w]);
      _mm_storeu_si128((__m128i *)(void *)group.low[w], _mm256_castsi256_si128(found));
      _mm_storeu_si128((__m128i *)(void *)group.high[w], _mm256_extracti128_si256(found, 1));
      group.lengths[w] = (uint8_t)span.length;
      for (int i = 0; i < PAIRS_OF_COLUMNS; i++) totals[i] = _mm256_add_epi64(totals[i], _mm256_sad_epu8(flipped.pairs[i], _mm256_setzero_si256()));
    }
    match_group(&group);
    for (int w = 0; w < group.count; w++) choose(&group, w, weights, columns, b, &choices[group.first + w]);
  }
  for (int i = 0; i < PAIRS_OF_COLUMNS; i++) {
    int64_t halves[4];
    _mm256_storeu_si256((__m256i *)(void *)halves, totals[i]);
    const int column = i / 4 * 8 + i % 4;
    sums[column] = (int32_t)(127 * WINDOW * count - halves[0] - halves[1]), sums[column + 4] = (int32_t)(127 * WINDOW * count - halves[2] - halves[3]);
  }
}

// Quartets of the eight columns in four vectors, those of all sixteen columns 64 bytes apart.
SWL_TARGET_AVX2 SWL_INLINE void write_quartets(const __m256i *pairs, int quartets, int8_t *to) {
  const __m256i a = _mm256_unpacklo_epi32(pairs[0], pairs[1]), b = _mm256_unpackhi_epi32(pairs[0], pairs[1]);
  const __m256i c = _mm256_unpacklo_epi32(pairs[2], pairs[3]), d = _mm256_unpackhi_epi32(pairs[2], pairs[3]);
  const __m256i all[4] = {_mm256_unpacklo_epi64(a, c), _mm256_unpackhi_epi64(a, c), _mm256_unpacklo_epi64(b, d), _mm256_unpackhi_epi64(b, d)};
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    if (i < quartets) _mm256_storeu_si256((__m256i *)(void *)(to + (ptrdiff_t)i * 4 * COLUMNS), all[i]);
  }
}

SWL_TARGET_AVX2 static void write_window(const struct columns *window, const struct choice *choice, int own, int8_t *to) {
  const __m256i order = order_at(choice->order);
  if (choice->unfit == 0) {
    for (int half = 0; half < 2; half++) {
      __m256i ordered[4];
      for (int i = 0; i < 4; i++) ordered[i] = _mm256_shuffle_epi8(window->pairs[4 * half + i], order);
      write_quartets(ordered, own, to + half * 2 * COLUMNS);
    }
    return;
  }
  // What is read a second time, by the places of the excesses.
  uint8_t again[WINDOW];
  for (int i = 0; i < WINDOW; i++) {
    const int weight = 4 * own + i < 4 * choice->quartets ? choice->order[4 * own + i] : ZERO;
    again[i] = weight == ZERO ? 0x80 : choice->places[weight - WINDOW];
  }
  for (int half = 0; half < 2; half++) {
    __m256i ordered[4], excesses[4];
    for (int i = 0; i < 4; i++) {
      ordered[i] = split(window->pairs[4 * half + i], order, &excesses[i]);
      excesses[i] = _mm256_shuffle_epi8(excesses[i], order_at(again));
    }
    write_quartets(ordered, own, to + half * 2 * COLUMNS);
    write_quartets(excesses, choice->quartets - own, to + (ptrdiff_t)own * 4 * COLUMNS + half * 2 * COLUMNS);
  }
}

SWL_TARGET_AVX2 int64_t swl_pack_paired_panel(const int8_t *weights, int64_t columns, const struct swl_blocking *b, int8_t *panel) {
  const int64_t count = swl_paired_windows(b);
  if (count > REMEMBERED || swl_has_octets(weights, columns, b)) return swl_pack_paired_panel_singly(weights, columns, b, panel);
  struct swl_paired_panel *head = (struct swl_paired_panel *)(void *)panel;
  struct swl_paired_window *to = (struct swl_paired_window *)(void *)(head + 1);
  int8_t *packed = panel + swl_paired_weights_offset(b);
  struct choice choices[REMEMBERED];
  *head = (struct swl_paired_panel){.is_direct = b->strip_pitch == 0};
  choose_all(weights, columns, b, count, choices, head->sums);
  int32_t *const kinds[] = {NULL, &head->windows_of_four, &head->windows_of_five, &head->other_windows};
  int64_t place = 0;
  for (enum kind kind = FOUR; kind <= OTHER && place < count; kind++) {
    for (int64_t w = 0; w < count; w++) {
      const struct choice *choice = &choices[w];
      if (kind_of(choice) != kind) continue;
      const struct span span = span_of(b, w);
      struct columns window;
      read_columns(weights, columns, b->depth, &span, &window);
      if (!choice->in_order || choice->unfit > 0 || place != w) head->is_direct = 0;
      place++;
      *kinds[kind] += 1;
      head->quartets += choice->quartets;
      write_window(&window, choice, (int)span.length / 4, packed);
      packed += (ptrdiff_t)choice->quartets * 4 * COLUMNS;
      *to = (struct swl_paired_window){.offset = (int32_t)span.offset, .quartets = choice->quartets};
      if (choice->unfit == 0 && choice->quartets == 4) {
        _mm_storeu_si128((__m128i *)(void *)to->order, bytes_at(choice->order));
      } else {
        for (int i = 0; i < 4 * choice->quartets; i++) to->order[i] = (uint8_t)(byte_of(choice, choice->order[i]) + span.shift);
      }
      to++;
    }
  }
  return packed - panel;
}
#else
typedef int swl_not_x86;
#endif
