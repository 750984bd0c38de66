// The walk of attention over one kernel's tiles, keys and values in blocks, with the softmax of what was met so far (M. Milakov and N.
// Gimelshein, "Online normalizer calculation for softmax", 2018): no matrix of all scores is made. Include after defining ATTENTION (the
// kernel's name), TARGET, ROWS, COLUMNS, TILE as for driver_f32.h, and PRODUCTS as ATTENTION_QUERY wants it.

ATTENTION_QUERY(attend_alone, TARGET, PRODUCTS)

// Where one item's scratch lies.
struct attention_block {
  float *scores;     // [SWL_ATTENTION_QUERIES, ATTENTION_KEYS]
  float *found;      // [SWL_ATTENTION_QUERIES, padded]
  float *panel;      // [ATTENTION_KEYS or size, COLUMNS]
  float *largest, *total, *correction; // a query each
  float *sums;       // [ROWS, COLUMNS]
  int64_t padded;
};

// Scores of `queries` against the keys key..<key + keys.
TARGET static void score(const struct swl_attention *a, const struct attention_block *b, const float *query, int64_t queries, const float *key, int64_t keys) {
  const int64_t width = a->heads * a->size;
  for (int64_t column = 0; column < keys; column += COLUMNS) {
    const int64_t columns = swl_minimum(COLUMNS, keys - column);
    for (int64_t i = 0; i < COLUMNS; i++) {
      const float *from = key + (column + i) * width;
      for (int64_t k = 0; k < a->size; k++) b->panel[k * COLUMNS + i] = i < columns ? from[k] : 0.0f;
    }
    for (int64_t row = 0; row < queries; row += ROWS) {
      const int64_t count = swl_minimum(ROWS, queries - row);
      TILE(count, query + row * width, width, b->panel, a->size, b->sums);
      for (int64_t i = 0; i < count; i++) memcpy(b->scores + (row + i) * ATTENTION_KEYS + column, b->sums + i * COLUMNS, COLUMNS * sizeof(float));
    }
  }
}

// Scores become shares of a softmax that isn't divided by its sum yet.
TARGET static void share(const struct attention_block *b, int64_t queries, int64_t keys) {
  for (int64_t row = 0; row < queries; row++) {
    float *scores = b->scores + row * ATTENTION_KEYS;
    const float before = b->largest[row], largest = attention_largest(scores, keys, before);
    // e^(−∞ − −∞) is of nothing.
    b->correction[row] = before == -INFINITY ? 0.0f : swl_exp(before - largest);
    b->total[row] = b->total[row] * b->correction[row] + attention_exponentials(scores, keys, largest);
    b->largest[row] = largest;
  }
}

TARGET static void gather(const struct swl_attention *a, const struct attention_block *b, int64_t queries, const float *value, int64_t keys) {
  const int64_t width = a->heads * a->size;
  for (int64_t column = 0; column < a->size; column += COLUMNS) {
    const int64_t columns = swl_minimum(COLUMNS, a->size - column);
    for (int64_t k = 0; k < keys; k++) {
      for (int64_t i = 0; i < COLUMNS; i++) b->panel[k * COLUMNS + i] = i < columns ? value[k * width + column + i] : 0.0f;
    }
    for (int64_t row = 0; row < queries; row += ROWS) {
      const int64_t count = swl_minimum(ROWS, queries - row);
      TILE(count, b->scores + row * ATTENTION_KEYS, ATTENTION_KEYS, b->panel, keys, b->sums);
      for (int64_t i = 0; i < count; i++) {
        float *restrict found = b->found + (row + i) * b->padded + column;
        const float *restrict sums = b->sums + i * COLUMNS;
        const float correction = b->correction[row + i];
        for (int64_t j = 0; j < COLUMNS; j++) found[j] = found[j] * correction + sums[j];
      }
    }
  }
}

TARGET static void attend(const struct swl_attention *a, int64_t item, float *scratch) {
  const int64_t width = a->heads * a->size, blocks = (a->length + SWL_ATTENTION_QUERIES - 1) / SWL_ATTENTION_QUERIES;
  const int64_t head = item / blocks, first = item % blocks * SWL_ATTENTION_QUERIES;
  const int64_t queries = swl_minimum(SWL_ATTENTION_QUERIES, a->length - first), rows = attention_open_rows(a);
  struct attention_block b = {.scores = scratch, .padded = (a->size + COLUMNS - 1) / COLUMNS * COLUMNS};
  b.found = b.scores + SWL_ATTENTION_QUERIES * ATTENTION_KEYS;
  b.panel = b.found + SWL_ATTENTION_QUERIES * b.padded;
  b.sums = b.panel + swl_maximum(a->size, ATTENTION_KEYS) * COLUMNS;
  b.largest = b.sums + ROWS * COLUMNS;
  b.total = b.largest + SWL_ATTENTION_QUERIES;
  b.correction = b.total + SWL_ATTENTION_QUERIES;
  for (int64_t row = 0; row < queries; row++) b.largest[row] = -INFINITY, b.total[row] = 0.0f;
  memset(b.found, 0, (size_t)(queries * b.padded) * sizeof(float));
  for (int64_t key = 0; key < rows; key += ATTENTION_KEYS) {
    const int64_t keys = swl_minimum(ATTENTION_KEYS, rows - key);
    score(a, &b, a->queries + first * width + head * a->size, queries, a->keys + key * width + head * a->size, keys);
    share(&b, queries, keys);
    gather(a, &b, queries, a->values + key * width + head * a->size, keys);
  }
  for (int64_t row = 0; row < queries; row++) {
    float *restrict output = a->output + (first + row) * width + head * a->size;
    const float *restrict found = b.found + row * b.padded;
    const float total = rows > 0 ? b.total[row] : 1.0f;
    for (int64_t i = 0; i < a->size; i++) output[i] = found[i] / total;
  }
}

TARGET void ATTENTION(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_attention *a = arguments;
  for (int64_t item = begin; item < end; item++) {
    if (a->length == 1) {
      attend_alone(a, item, scratch);
    } else {
      attend(a, item, scratch);
    }
  }
}

#undef ATTENTION
#undef PRODUCTS
