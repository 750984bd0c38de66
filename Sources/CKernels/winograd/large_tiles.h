// Transforms of F(4×4, 3×3), see swl_winograd.h. Include after defining
//   TARGET
//   NAME(x)          a name of this width
//   V                vector
//   OP(x), WHOLE(x)  an intrinsic's name: of elements, of the whole register
//   WIDEN(from)      as many bytes as a vector has words, widened
//   WORDS            of a vector

// One row of Bᵀ. (Multiplications by 4 and 2 are shifts; differences that two rows share are taken once.)
TARGET SWL_INLINE void NAME(transform)(const V d[6], V to[6]) {
  const V even = OP(sub_epi16)(d[4], d[2]), odd = OP(sub_epi16)(d[3], d[1]), twice = OP(add_epi16)(odd, odd);
  to[0] = OP(add_epi16)(even, OP(slli_epi16)(OP(sub_epi16)(d[0], d[2]), 2));
  to[1] = OP(sub_epi16)(OP(add_epi16)(d[3], d[4]), OP(slli_epi16)(OP(add_epi16)(d[1], d[2]), 2));
  to[2] = OP(add_epi16)(OP(sub_epi16)(d[4], d[3]), OP(slli_epi16)(OP(sub_epi16)(d[1], d[2]), 2));
  to[3] = OP(add_epi16)(even, twice);
  to[4] = OP(sub_epi16)(even, twice);
  to[5] = OP(sub_epi16)(OP(sub_epi16)(d[5], d[3]), OP(slli_epi16)(odd, 2));
}

// As many channels of one tile as a vector has words.
TARGET SWL_INLINE void NAME(transform_tile)(const struct swl_winograd_q8 *a, const bool is_inside, struct tile_place place, int64_t channel, int16_t *to,
                                            int64_t stride) {
  const struct swl_window *w = &a->window;
  const V flip = OP(set1_epi16)((short)a->input_flip), offset = OP(set1_epi16)((short)(a->input_flip + a->input_zero_point));
  const int64_t pixel = w->input_channels, row_bytes = w->input_width * pixel;
  const int64_t top = place.y - w->pad_top, left = place.x - w->pad_left;
  // Of the tile's first pixel, which may lie outside the image.
  const int64_t first = (place.image * w->input_height + top) * row_bytes + left * pixel + channel;
  V columns[6][6];
#pragma GCC unroll 6
  for (int x = 0; x < 6; x++) {
    V values[6];
#pragma GCC unroll 6
    for (int y = 0; y < 6; y++) {
      const bool exists = is_inside || (top + y >= 0 && top + y < w->input_height && left + x >= 0 && left + x < w->input_width);
      values[y] = WHOLE(setzero)();
      if (exists) values[y] = OP(sub_epi16)(WHOLE(xor)(WIDEN(a->input + first + y * row_bytes + x * pixel), flip), offset);
    }
    NAME(transform)(values, columns[x]);
  }
#pragma GCC unroll 6
  for (int y = 0; y < 6; y++) {
    const V row[6] = {columns[0][y], columns[1][y], columns[2][y], columns[3][y], columns[4][y], columns[5][y]};
    V places[6];
    NAME(transform)(row, places);
#pragma GCC unroll 6
    for (int x = 0; x < 6; x++) WHOLE(store)((void *)(to + (6 * y + x) * stride), places[x]);
  }
}

TARGET __attribute__((noinline)) static void NAME(transform_inside)(const struct swl_winograd_q8 *a, struct tile_place place, int16_t *to, int64_t stride) {
  for (int64_t c = 0; c < a->window.input_channels; c += WORDS) NAME(transform_tile)(a, true, place, c, to + c, stride);
}

TARGET __attribute__((noinline)) static void NAME(transform_edge)(const struct swl_winograd_q8 *a, struct tile_place place, int16_t *to, int64_t stride) {
  for (int64_t c = 0; c < a->window.input_channels; c += WORDS) NAME(transform_tile)(a, false, place, c, to + c, stride);
}

TARGET static void NAME(transform_block)(const struct swl_winograd_q8 *a, int64_t first, int64_t count, const struct winograd_scratch *s) {
  const struct swl_window *w = &a->window;
  for (int64_t t = 0; t < count; t++) {
    const struct tile_place place = place_of_tile(w, 4, first + t);
    const int64_t top = place.y - w->pad_top, left = place.x - w->pad_left;
    const bool is_inside = top >= 0 && left >= 0 && top + 6 <= w->input_height && left + 6 <= w->input_width;
    (is_inside ? NAME(transform_inside) : NAME(transform_edge))(a, place, s->tiles + t * w->input_channels, s->tile_stride);
  }
}

// One row of Aᵀ, the rows divided by 1, 2, 4 and 4.
TARGET SWL_INLINE void NAME(combine)(const V m[6], V to[4]) {
  const V sum = OP(add_epi32)(m[1], m[2]), difference = OP(sub_epi32)(m[1], m[2]);
  const V far_sum = OP(add_epi32)(m[3], m[4]), far_difference = OP(sub_epi32)(m[3], m[4]);
  const V two = OP(add_epi32)(m[0], m[0]), last = OP(add_epi32)(m[5], m[5]);
  to[0] = OP(add_epi32)(OP(add_epi32)(two, far_sum), OP(slli_epi32)(OP(sub_epi32)(m[0], sum), 2));
  to[1] = OP(sub_epi32)(far_difference, OP(add_epi32)(difference, difference));
  to[2] = OP(sub_epi32)(far_sum, sum);
  const V twice = OP(add_epi32)(far_difference, far_difference);
  to[3] = OP(add_epi32)(OP(sub_epi32)(twice, difference), OP(add_epi32)(last, OP(add_epi32)(last, last)));
}

// The sums of a tile's sixteen pixels.
TARGET SWL_INLINE void NAME(gather_large)(const int32_t *products, int64_t stride, V sums[16]) {
  const V ninth = OP(set1_epi32)(WINOGRAD_NINTH);
  V rows[6][4];
#pragma GCC unroll 6
  for (int x = 0; x < 6; x++) {
    V m[6];
#pragma GCC unroll 6
    for (int y = 0; y < 6; y++) m[y] = WHOLE(load)((const void *)(products + (6 * y + x) * stride));
    NAME(combine)(m, rows[x]);
  }
#pragma GCC unroll 4
  for (int y = 0; y < 4; y++) {
    const V row[6] = {rows[0][y], rows[1][y], rows[2][y], rows[3][y], rows[4][y], rows[5][y]};
    const int taken = y == 0 ? 0 : y == 1 ? 1 : 2;
    V pixels[4];
    NAME(combine)(row, pixels);
    sums[4 * y] = OP(srai_epi32)(OP(mullo_epi32)(pixels[0], ninth), 6 - taken);
    sums[4 * y + 1] = OP(srai_epi32)(OP(mullo_epi32)(pixels[1], ninth), 5 - taken);
    sums[4 * y + 2] = OP(srai_epi32)(OP(mullo_epi32)(pixels[2], ninth), 4 - taken);
    sums[4 * y + 3] = OP(srai_epi32)(OP(mullo_epi32)(pixels[3], ninth), 4 - taken);
  }
}

#undef TARGET
#undef NAME
#undef V
#undef OP
#undef WHOLE
#undef WIDEN
#undef WORDS
