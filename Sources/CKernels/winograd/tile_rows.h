// One place of a block's tiles with one panel, ROWS tiles at a time. Include after defining TARGET, ROWS (4) and multiply(rows, tiles, inputs,
// weights, products), in which `rows` is a constant at every call.

TARGET static void multiply_block(int64_t count, const int16_t *tiles, int64_t inputs, const int16_t *weights, int32_t *products) {
  int64_t t = 0;
  for (; t + ROWS <= count; t += ROWS) multiply(ROWS, tiles + t * inputs, inputs, weights, products + t * COLUMNS);
  tiles += t * inputs, products += t * COLUMNS;
  switch (count - t) {
  case 3: multiply(3, tiles, inputs, weights, products); break;
  case 2: multiply(2, tiles, inputs, weights, products); break;
  case 1: multiply(1, tiles, inputs, weights, products); break;
  default: break;
  }
}

#undef TARGET
