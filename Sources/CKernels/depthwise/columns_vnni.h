// One block's rows by vpdpbusd. Include after defining
//   NAME(x)          a name of this width
//   V, MASK          vector and mask of LANES × 16 bytes
//   F                vector of as many float32
//   OP(x), WHOLE(x)  an intrinsic's name: of elements, of the whole register
//   LANES

#define WIDTH (LANES * 16)
// Pixels whose words wait for the table or the gates.
#define WAITING 8

struct NAME(block) {
  const struct swl_depthwise_q8 *d;
  const int8_t *weights;
  int64_t channel, columns;
  MASK mask;
  const struct swl_table_avx512 *table;
  int waiting;
  struct source sources[5];
  int32_t start[WIDTH]; // in the order of quads, as the sums
  float multipliers[WIDTH];
  V words[2 * WAITING];
  int64_t elements[WAITING];
};

SWL_TARGET_AVX512_VNNI SWL_INLINE V NAME(load)(const uint8_t *from, MASK mask, V flip) {
  return WHOLE(xor)(OP(maskz_loadu_epi8)(mask, from), flip);
}

// Four rows of a column, byte by byte; those that the kernel hasn't are 0.
SWL_TARGET_AVX512_VNNI SWL_INLINE void NAME(quads)(const int rows, const uint8_t *const *at, MASK mask, V flip, V quads[4]) {
  const V zero = WHOLE(setzero)();
  const V a = NAME(load)(at[0], mask, flip), b = rows > 1 ? NAME(load)(at[1], mask, flip) : zero, c = rows > 2 ? NAME(load)(at[2], mask, flip) : zero;
  const V e = rows > 3 ? NAME(load)(at[3], mask, flip) : zero;
  const V low = OP(unpacklo_epi8)(a, b), high = OP(unpackhi_epi8)(a, b), other_low = OP(unpacklo_epi8)(c, e), other_high = OP(unpackhi_epi8)(c, e);
  quads[0] = OP(unpacklo_epi16)(low, other_low), quads[1] = OP(unpackhi_epi16)(low, other_low);
  quads[2] = OP(unpacklo_epi16)(high, other_high), quads[3] = OP(unpackhi_epi16)(high, other_high);
}

// Adds a column of the image to the sums of the pixels that it lies under: sums[i] meets the kernel's column `phase` + i × stride. `size`,
// `stride` and `phase` are constants at every call.
SWL_TARGET_AVX512_VNNI SWL_INLINE void NAME(add_column)(const int size, const int stride, const int phase, const struct NAME(block) *b,
                                                        const uint8_t *const at[5], V sums[5][4]) {
  const V flip = OP(set1_epi8)((char)b->d->input_flip);
  const int groups = (size + 3) / 4;
#pragma GCC unroll 2
  for (int g = 0; g < groups; g++) {
    V quads[4];
    NAME(quads)(size - 4 * g, at + 4 * g, b->mask, flip, quads);
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
      if (phase + i * stride >= size) continue;
      const int8_t *weights = b->weights + ((phase + i * stride) * groups + g) * WIDTH * 4;
#pragma GCC unroll 4
      for (int v = 0; v < 4; v++) sums[i][v] = OP(dpbusd_epi32)(sums[i][v], quads[v], WHOLE(loadu)((const void *)(weights + v * WIDTH)));
    }
  }
}

SWL_TARGET_AVX512_VNNI SWL_INLINE V NAME(stored)(const struct NAME(block) *b, V first, V second) {
  const struct swl_requantisation *r = &b->d->requantisation;
  const int32_t offset = r->middle_zero_point + r->middle_flip;
  const V lower = OP(set1_epi8)((char)((int32_t)r->middle_lower + offset)), upper = OP(set1_epi8)((char)((int32_t)r->middle_upper + offset));
  const V bytes = OP(min_epu8)(OP(max_epu8)(OP(packus_epi16)(first, second), lower), upper);
  return WHOLE(xor)(bytes, OP(set1_epi8)((char)r->middle_flip));
}

SWL_TARGET_AVX512_VNNI SWL_INLINE V NAME(gated)(const struct swl_requantisation *r, V words, V gates) {
  const V product = OP(mulhrs_epi16)(OP(mulhrs_epi16)(words, OP(slli_epi16)(gates, 7)), OP(set1_epi16)((short)r->gate_factor));
  return OP(adds_epi16)(product, OP(set1_epi16)((short)(r->middle_zero_point + r->middle_flip)));
}

// What waits meets the table or the gates.
SWL_TARGET_AVX512_VNNI __attribute__((noinline)) static void NAME(release)(struct NAME(block) *b) {
  const struct swl_requantisation *r = &b->d->requantisation;
  __m512i bytes[WAITING];
  const V zero = WHOLE(setzero)();
  for (int i = 0; i < b->waiting; i++) {
    const V first = b->words[2 * i], second = b->words[2 * i + 1];
    const V places = OP(packs_epi16)(OP(srai_epi16)(first, 8), OP(srai_epi16)(second, 8));
    bytes[i] = WIDEN(r->gates ? WHOLE(xor)(places, OP(set1_epi8)((char)0x80)) : NAME(stored)(b, first, second));
  }
  swl_look_up_vectors(b->table, bytes, b->waiting);
  for (int i = 0; i < b->waiting; i++) {
    V result = NARROW(bytes[i]);
    if (r->gates) {
      result = NAME(stored)(b, NAME(gated)(r, b->words[2 * i], OP(unpacklo_epi8)(result, zero)),
                            NAME(gated)(r, b->words[2 * i + 1], OP(unpackhi_epi8)(result, zero)));
    }
    OP(mask_storeu_epi8)(b->d->output + b->elements[i], b->mask, result);
  }
  b->waiting = 0;
}

// What isn't narrow, or has a residual.
SWL_TARGET_AVX512_VNNI __attribute__((noinline)) static void NAME(finish_plainly)(const struct NAME(block) *b, const V sums[4], int64_t element) {
  int32_t places[WIDTH], stored[WIDTH];
  for (int v = 0; v < 4; v++) WHOLE(storeu)((void *)(places + v * WIDTH / 4), sums[v]);
  for (int64_t c = 0; c < WIDTH; c++) stored[c] = places[swl_quad_place(WIDTH, c)];
  swl_requantise_row_avx2(&b->d->requantisation, stored, b->channel, b->columns, element, b->d->output);
}

SWL_TARGET_AVX512_VNNI SWL_INLINE void NAME(finish)(const bool is_plain, struct NAME(block) *b, const V sums[4], int64_t pixel) {
  const struct swl_requantisation *r = &b->d->requantisation;
  const int64_t element = pixel * b->d->window.output_channels + b->channel;
  if (!is_plain && (!r->is_narrow || r->residual)) {
    NAME(finish_plainly)(b, sums, element);
    return;
  }
  V products[4];
#pragma GCC unroll 4
  for (int v = 0; v < 4; v++) {
    products[v] = OP(cvtps_epi32)(OP(mul_ps)(OP(cvtepi32_ps)(sums[v]), OP(loadu_ps)(b->multipliers + v * WIDTH / 4)));
  }
  V first = OP(packs_epi32)(products[0], products[1]), second = OP(packs_epi32)(products[2], products[3]);
  const V zero_point = OP(set1_epi16)((short)(r->middle_zero_point + r->middle_flip));
  if (is_plain || !r->gates) first = OP(adds_epi16)(first, zero_point), second = OP(adds_epi16)(second, zero_point);
  if (is_plain) {
    OP(mask_storeu_epi8)(b->d->output + element, b->mask, NAME(stored)(b, first, second));
    return;
  }
  b->words[2 * b->waiting] = first, b->words[2 * b->waiting + 1] = second;
  b->elements[b->waiting] = element;
  if (++b->waiting == WAITING) NAME(release)(b);
}

// A pixel further: the last of the sums is complete and leaves.
SWL_TARGET_AVX512_VNNI SWL_INLINE void NAME(shift)(const int count, const struct NAME(block) *b, V sums[5][4]) {
#pragma GCC unroll 4
  for (int v = 0; v < 4; v++) {
    if (count > 4) sums[4][v] = sums[3][v];
    if (count > 3) sums[3][v] = sums[2][v];
    if (count > 2) sums[2][v] = sums[1][v];
    if (count > 1) sums[1][v] = sums[0][v];
    sums[0][v] = WHOLE(loadu)((const void *)(b->start + v * WIDTH / 4));
  }
  // Has weights and start read where they lie: to hold them from one pixel to the next, compilers would spill sums.
  __asm__ volatile("" ::: "memory");
}

// A row of output pixels, the first of which is `pixel`.
SWL_TARGET_AVX512_VNNI SWL_INLINE void NAME(run_row)(const bool is_plain, const int size, const int stride, struct NAME(block) *b, int64_t pixel) {
  const struct swl_window *w = &b->d->window;
  const int count = (size + stride - 1) / stride;
  const int64_t steps = w->output_width + count - 1;
  // Steps inside..<end read columns of the image alone.
  const int64_t inside = swl_minimum((w->pad_left + stride - 1) / stride, steps);
  const int64_t end = swl_maximum(swl_minimum((w->input_width + w->pad_left) / stride, steps), inside);
  V sums[5][4];
#pragma GCC unroll 5
  for (int i = 0; i < count; i++) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; v++) sums[i][v] = WHOLE(setzero)();
  }
  const uint8_t *at[5];
  for (int64_t step = 0; step < steps;) {
    // In one turn of this loop either a step some of whose columns may lie outside the image, or all that lie inside.
    if (step < inside || step >= end) {
      NAME(shift)(count, b, sums);
#pragma GCC unroll 2
      for (int phase = 0; phase < stride; phase++) {
        const int64_t column = step * stride + phase - w->pad_left;
        const bool exists = column >= 0 && column < w->input_width;
#pragma GCC unroll 5
        for (int y = 0; y < size; y++) at[y] = exists ? b->sources[y].start + column * b->sources[y].pixel + b->channel : b->d->padding + b->channel;
        NAME(add_column)(size, stride, phase, b, at, sums);
      }
      if (step >= count - 1) NAME(finish)(is_plain, b, sums[count - 1], pixel + step - (count - 1));
      step++;
      continue;
    }
#pragma GCC unroll 5
    for (int y = 0; y < size; y++) at[y] = b->sources[y].start + (step * stride - w->pad_left) * b->sources[y].pixel + b->channel;
    for (; step < end; step++) {
      NAME(shift)(count, b, sums);
#pragma GCC unroll 2
      for (int phase = 0; phase < stride; phase++) {
        NAME(add_column)(size, stride, phase, b, at, sums);
#pragma GCC unroll 5
        for (int y = 0; y < size; y++) at[y] += b->sources[y].pixel;
      }
      if (step >= count - 1) NAME(finish)(is_plain, b, sums[count - 1], pixel + step - (count - 1));
    }
  }
}

SWL_TARGET_AVX512_VNNI static void NAME(prepare)(struct NAME(block) *b, const struct swl_quad_block *place) {
  const struct swl_depthwise_q8 *d = b->d;
  const struct swl_requantisation *r = &d->requantisation;
  const int32_t *sums = (const int32_t *)(const void *)(b->weights + swl_quad_block_size(&d->window, WIDTH) - WIDTH * 4);
  const uint32_t offset = (uint32_t)(d->input_flip + d->input_zero_point);
  b->channel = place->channel, b->columns = swl_minimum(WIDTH, d->window.input_channels - place->channel);
  b->mask = b->columns == WIDTH ? (MASK) ~(MASK)0 : (MASK)(((MASK)1 << b->columns) - 1);
  int32_t bias[WIDTH] = {0};
  float multipliers[WIDTH] = {0};
  if (r->is_narrow && !r->residual) memcpy(bias, r->bias + b->channel, (size_t)b->columns * sizeof(int32_t));
  memcpy(multipliers, r->multipliers + b->channel, (size_t)b->columns * sizeof(float));
  // Channels stand together in fours: see swl_quad_place.
  for (int64_t c = 0; c < WIDTH; c += 4) {
    const int64_t at = swl_quad_place(WIDTH, c);
    for (int64_t i = 0; i < 4; i++) b->start[at + i] = (int32_t)((uint32_t)bias[c + i] - offset * (uint32_t)sums[at + i]);
    memcpy(b->multipliers + at, multipliers + c, 4 * sizeof(float));
  }
}

// Rows first..<last of one block.
SWL_TARGET_AVX512_VNNI SWL_INLINE void NAME(run_rows)(const bool is_plain, const int size, const int stride, struct NAME(block) *b, int64_t first, int64_t last) {
  const struct swl_window *w = &b->d->window;
  for (int64_t item = first; item < last; item++) {
    find_sources(b->d, size, item, b->sources);
    NAME(run_row)(is_plain, size, stride, b, item * w->output_width);
  }
}

#define ROWS_OF(size, stride)                                                                                                                          \
  SWL_TARGET_AVX512_VNNI __attribute__((noinline)) static void NAME(rows_##size##_##stride)(struct NAME(block) *b, int64_t first, int64_t last) {      \
    if (!b->table && b->d->requantisation.is_narrow && !b->d->requantisation.residual) {                                                               \
      NAME(run_rows)(true, size, stride, b, first, last);                                                                                              \
    } else {                                                                                                                                           \
      NAME(run_rows)(false, size, stride, b, first, last);                                                                                             \
    }                                                                                                                                                  \
  }
ROWS_OF(3, 1)
ROWS_OF(3, 2)
ROWS_OF(5, 1)
ROWS_OF(5, 2)
#undef ROWS_OF

SWL_TARGET_AVX512_VNNI static void NAME(run_block)(const struct swl_depthwise_q8 *d, const struct swl_table_avx512 *table, const struct swl_quad_block *place,
                                                   int64_t first, int64_t last) {
  struct NAME(block) b;
  b.d = d, b.weights = (const int8_t *)d->weights + place->offset, b.table = table, b.waiting = 0;
  NAME(prepare)(&b, place);
  if (d->window.kernel_width == 3) {
    (d->window.stride_width == 1 ? NAME(rows_3_1) : NAME(rows_3_2))(&b, first, last);
  } else {
    (d->window.stride_width == 1 ? NAME(rows_5_1) : NAME(rows_5_2))(&b, first, last);
  }
  if (b.waiting > 0) NAME(release)(&b);
}

#undef WIDTH
#undef WAITING
#undef NAME
#undef V
#undef MASK
#undef OP
#undef WHOLE
#undef WIDEN
#undef NARROW
#undef LANES
