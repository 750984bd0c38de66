// One place of a block's tiles with one panel, ROWS tiles at a time. Include after defining TARGET, ROWS (4) and multiply(rows, tiles, inputs,
// weights, products, ahead), in which `rows` is a constant at every call.
//
// A block of tiles needs all weights, which come from the memory or a far cache: the first sixteen tiles ask for those at `next`, the next place's, while
// they are multiplied with this one's, four by four a quarter of them.

TARGET static void multiply_block(int64_t count, const int16_t *tiles, int64_t inputs, const int16_t *weights, const int16_t *next,
                                  int32_t *products) {
  int64_t t = 0;
  for (; t + ROWS <= count; t += ROWS) multiply(ROWS, tiles + t * inputs, inputs, weights, products + t * COLUMNS, next + swl_minimum(t, 12) * inputs);
  tiles += t * inputs, products += t * COLUMNS, next += swl_minimum(t, 12) * inputs;
  switch (count - t) {
  case 3: multiply(3, tiles, inputs, weights, products, next); break;
  case 2: multiply(2, tiles, inputs, weights, products, next); break;
  case 1: multiply(1, tiles, inputs, weights, products, next); break;
  default: break;
  }
}

// All places of a block's tiles with one panel, behind which another one lies or doesn't.
TARGET static void multiply_places(int64_t count, int64_t places, int64_t inputs, const int16_t *weights, bool has_next, const struct winograd_scratch *s) {
  for (int64_t p = 0; p < places; p++) {
    const int16_t *own = weights + p * inputs * COLUMNS, *next = p + 1 < places || has_next ? own + inputs * COLUMNS : own;
    multiply_block(count, s->tiles + p * s->tile_stride, inputs, own, next, s->products + p * s->product_stride);
  }
}

#undef TARGET
