// Transforms of F(4×4, 3×3), see swl_winograd.h. Include after defining
//   TARGET
//   NAME(x)                       a name of this width
//   WORDS, WORDS_OF(from)         a vector's 16-bit words, and as many bytes widened to them
//   W, S                          a vector of words, and one of 32-bit sums
//   W_ZERO, W_SET(x), W_XOR, W_ADD, W_SUB, W_SHIFT(a, n), W_STORE(to, a)
//   S_SET(x), S_ADD, S_SUB, S_SHIFT(a, n), S_MULTIPLY, S_RIGHT(a, n), S_LOAD(from)
// or on x86-64 V and OP(x), WHOLE(x), an intrinsic's name of elements and of the whole register, instead of the last three lines.

#ifdef V
#define W V
#define S V
#define W_ZERO WHOLE(setzero)()
#define W_SET(x) OP(set1_epi16)(x)
#define W_XOR(a, b) WHOLE(xor)(a, b)
#define W_ADD(a, b) OP(add_epi16)(a, b)
#define W_SUB(a, b) OP(sub_epi16)(a, b)
#define W_SHIFT(a, n) OP(slli_epi16)(a, n)
#define W_STORE(to, a) WHOLE(store)((void *)(to), a)
#define S_SET(x) OP(set1_epi32)(x)
#define S_ADD(a, b) OP(add_epi32)(a, b)
#define S_SUB(a, b) OP(sub_epi32)(a, b)
#define S_SHIFT(a, n) OP(slli_epi32)(a, n)
#define S_MULTIPLY(a, b) OP(mullo_epi32)(a, b)
#define S_RIGHT(a, n) OP(srai_epi32)(a, n)
#define S_LOAD(from) WHOLE(load)((const void *)(from))
#endif

// One row of Bᵀ. (Multiplications by 4 and 2 are shifts; differences that two rows share are taken once.)
TARGET SWL_INLINE void NAME(transform)(const W d[6], W to[6]) {
  const W even = W_SUB(d[4], d[2]), odd = W_SUB(d[3], d[1]), twice = W_ADD(odd, odd);
  to[0] = W_ADD(even, W_SHIFT(W_SUB(d[0], d[2]), 2));
  to[1] = W_SUB(W_ADD(d[3], d[4]), W_SHIFT(W_ADD(d[1], d[2]), 2));
  to[2] = W_ADD(W_SUB(d[4], d[3]), W_SHIFT(W_SUB(d[1], d[2]), 2));
  to[3] = W_ADD(even, twice);
  to[4] = W_SUB(even, twice);
  to[5] = W_SUB(W_SUB(d[5], d[3]), W_SHIFT(odd, 2));
}

// As many channels of one tile as a vector has words.
TARGET SWL_INLINE void NAME(transform_tile)(const struct swl_winograd_q8 *a, const bool is_inside, struct tile_place place, int64_t channel, int16_t *to,
                                            int64_t stride) {
  const struct swl_window *w = &a->window;
  const W flip = W_SET((short)a->input_flip), offset = W_SET((short)(a->input_flip + a->input_zero_point));
  const int64_t pixel = w->input_channels, row_bytes = w->input_width * pixel;
  const int64_t top = place.y - w->pad_top, left = place.x - w->pad_left;
  // Of the tile's first pixel, which may lie outside the image.
  const int64_t first = (place.image * w->input_height + top) * row_bytes + left * pixel + channel;
  W columns[6][6];
#pragma GCC unroll 6
  for (int x = 0; x < 6; x++) {
    W values[6];
#pragma GCC unroll 6
    for (int y = 0; y < 6; y++) {
      const bool exists = is_inside || (top + y >= 0 && top + y < w->input_height && left + x >= 0 && left + x < w->input_width);
      values[y] = W_ZERO;
      if (exists) values[y] = W_SUB(W_XOR(WORDS_OF(a->input + first + y * row_bytes + x * pixel), flip), offset);
    }
    NAME(transform)(values, columns[x]);
  }
#pragma GCC unroll 6
  for (int y = 0; y < 6; y++) {
    const W row[6] = {columns[0][y], columns[1][y], columns[2][y], columns[3][y], columns[4][y], columns[5][y]};
    W places[6];
    NAME(transform)(row, places);
#pragma GCC unroll 6
    for (int x = 0; x < 6; x++) W_STORE(to + (6 * y + x) * stride, places[x]);
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
TARGET SWL_INLINE void NAME(combine)(const S m[6], S to[4]) {
  const S sum = S_ADD(m[1], m[2]), difference = S_SUB(m[1], m[2]);
  const S far_sum = S_ADD(m[3], m[4]), far_difference = S_SUB(m[3], m[4]);
  const S two = S_ADD(m[0], m[0]), last = S_ADD(m[5], m[5]);
  to[0] = S_ADD(S_ADD(two, far_sum), S_SHIFT(S_SUB(m[0], sum), 2));
  to[1] = S_SUB(far_difference, S_ADD(difference, difference));
  to[2] = S_SUB(far_sum, sum);
  const S twice = S_ADD(far_difference, far_difference);
  to[3] = S_ADD(S_SUB(twice, difference), S_ADD(last, S_ADD(last, last)));
}

// The sums of a tile's sixteen pixels.
TARGET SWL_INLINE void NAME(gather_large)(const int32_t *products, int64_t stride, S sums[16]) {
  const S ninth = S_SET(WINOGRAD_NINTH);
  S rows[6][4];
#pragma GCC unroll 6
  for (int x = 0; x < 6; x++) {
    S m[6];
#pragma GCC unroll 6
    for (int y = 0; y < 6; y++) m[y] = S_LOAD(products + (6 * y + x) * stride);
    NAME(combine)(m, rows[x]);
  }
#pragma GCC unroll 4
  for (int y = 0; y < 4; y++) {
    const S row[6] = {rows[0][y], rows[1][y], rows[2][y], rows[3][y], rows[4][y], rows[5][y]};
    const int taken = y == 0 ? 0 : y == 1 ? 1 : 2;
    S pixels[4];
    NAME(combine)(row, pixels);
    sums[4 * y] = S_RIGHT(S_MULTIPLY(pixels[0], ninth), 6 - taken);
    sums[4 * y + 1] = S_RIGHT(S_MULTIPLY(pixels[1], ninth), 5 - taken);
    sums[4 * y + 2] = S_RIGHT(S_MULTIPLY(pixels[2], ninth), 4 - taken);
    sums[4 * y + 3] = S_RIGHT(S_MULTIPLY(pixels[3], ninth), 4 - taken);
  }
}

#undef TARGET
#undef NAME
#undef WORDS
#undef WORDS_OF
#undef V
#undef OP
#undef WHOLE
#undef W
#undef S
#undef W_ZERO
#undef W_SET
#undef W_XOR
#undef W_ADD
#undef W_SUB
#undef W_SHIFT
#undef W_STORE
#undef S_SET
#undef S_ADD
#undef S_SUB
#undef S_SHIFT
#undef S_MULTIPLY
#undef S_RIGHT
#undef S_LOAD
