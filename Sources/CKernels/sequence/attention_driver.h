// The walk of attention over one kernel's tiles. Include after defining ATTENTION (the kernel's name), TARGET, ROWS, COLUMNS, TILE as for
// driver_f32.h, TILE_DOWN(rows, a, step, panel, depth, sums), the same for a left side whose element (row, k) is a[k × step + row],
// PRODUCTS(query, keys, stride, size, ret), four products with keys that lie `stride` apart, GATHER_FOUR(shares, values, stride, size, found), four rows of
// values times their shares added to what was found, WIDEN(halves, count, floats), and FUSED(x, y, z) = x × y + z. ATTENTION_F16 is the kernel of 16-bit keys.

// Rows first..<last of the heads begin..<end, where they lie, or widened into `scratch`.
TARGET SWL_INLINE struct attention_rows rows_of(const struct swl_attention *a, const float *floats, const uint16_t *halves, int64_t first, int64_t last,
                                                int64_t begin, int64_t end, float *scratch) {
  const int64_t width = a->heads * a->size, part = (end - begin) * a->size, from = first * width + begin * a->size;
  if (!halves) return (struct attention_rows){floats + from, width};
  for (int64_t row = 0; row < last - first; row++) WIDEN(halves + from + row * width, part, scratch + row * part);
  return (struct attention_rows){scratch, part};
}

// One query: walks over the keys and then over the values, some rows of all heads at a time, since a head's part of a row is less than what
// memory is read in. Where keys and values are 16-bit floats, they aren't those of `a`. `scratch` holds scores and then a block of rows.
TARGET SWL_INLINE void attend_alone(const struct swl_attention *a, const uint16_t *half_keys, const uint16_t *half_values, int64_t begin, int64_t end,
                                    float *scratch) {
  const int64_t size = a->size, rows = attention_open_rows(a), room = a->rows + 1, count = rows + (a->own_key ? 1 : 0);
  float *widened = scratch + (end - begin) * room;
  memset(a->output + begin * size, 0, (size_t)((end - begin) * size) * sizeof(float));
  if (count == 0) return;
  for (int64_t first = 0; first < rows; first += ATTENTION_ROWS) {
    const int64_t last = swl_minimum(first + ATTENTION_ROWS, rows), next = swl_minimum(last + ATTENTION_ROWS, rows) - last;
    const struct attention_rows keys = rows_of(a, a->keys, half_keys, first, last, begin, end, widened);
    for (int64_t head = begin; head < end; head++) {
      const float *query = a->queries + head * size, *from = keys.first + (head - begin) * size;
      float *scores = scratch + (head - begin) * room + first;
      int64_t row = 0;
      if (!half_keys) attention_ask(from + (last - first) * keys.stride, keys.stride, next, size);
      for (; row + 4 <= last - first; row += 4) PRODUCTS(query, from + row * keys.stride, keys.stride, size, scores + row);
      for (; row < last - first; row++) scores[row] = attention_product(query, from + row * keys.stride, size);
    }
  }
  for (int64_t head = begin; head < end; head++) {
    float *scores = scratch + (head - begin) * room;
    if (a->own_key) scores[rows] = attention_product(a->queries + head * size, a->own_key + head * size, size);
    const float total = attention_exponentials(scores, count, attention_largest(scores, count));
    for (int64_t i = 0; i < count; i++) scores[i] /= total;
  }
  for (int64_t first = 0; first < rows; first += ATTENTION_ROWS) {
    const int64_t last = swl_minimum(first + ATTENTION_ROWS, rows), next = swl_minimum(last + ATTENTION_ROWS, rows) - last;
    const struct attention_rows values = rows_of(a, a->values, half_values, first, last, begin, end, widened);
    for (int64_t head = begin; head < end; head++) {
      const float *shares = scratch + (head - begin) * room + first, *from = values.first + (head - begin) * size;
      float *found = a->output + head * size;
      int64_t row = 0;
      if (!half_values) attention_ask(from + (last - first) * values.stride, values.stride, next, size);
      for (; row + 4 <= last - first; row += 4) GATHER_FOUR(shares + row, from + row * values.stride, values.stride, size, found);
      for (; row < last - first; row++) attention_gather(shares[row], from + row * values.stride, size, found);
    }
  }
  if (!a->own_value) return;
  for (int64_t head = begin; head < end; head++) {
    attention_gather(scratch[(head - begin) * room + rows], a->own_value + head * size, size, a->output + head * size);
  }
}

// e^x for x ≤ 0, within 4e-6 relative; 0 below −87, and NaN passes through.
SWL_INLINE float attention_power(float x) {
  const float bounded = x < -87.0f ? -87.0f : x;
  const float shifted = FUSED(bounded, 1.44269504f, 12582912.0f);
  const float r = FUSED(shifted - 12582912.0f, -0.69314718f, bounded);
  float p = FUSED(1.0f / 720.0f, r, 1.0f / 120.0f);
  p = FUSED(p, r, 1.0f / 24.0f);
  p = FUSED(p, r, 1.0f / 6.0f);
  p = FUSED(p, r, 0.5f);
  p = FUSED(p, r, 1.0f);
  p = FUSED(p, r, 1.0f);
  const float power = swl_from_bits(swl_bits(p) + ((swl_bits(shifted) - 0x4B400000u) << 23));
  const float bounded_power = x < -87.0f ? 0.0f : power;
  return x != x ? x : bounded_power;
}

// COLUMNS queries as the columns of a panel: scores, shares and what was found are [keys or elements, COLUMNS], and softmax is the same for all
// columns at a time. Keys and values come in blocks, with the softmax of what was met so far (M. Milakov and N. Gimelshein, "Online
// normalizer calculation for softmax", 2018), so that no matrix of all scores is made.
TARGET static void attend(const struct swl_attention *a, int64_t item, float *scratch) {
  const int64_t width = a->heads * a->size, blocks = (a->length + COLUMNS - 1) / COLUMNS, rows = attention_open_rows(a);
  const int64_t head = item / blocks, first = item % blocks * COLUMNS, queries = swl_minimum(COLUMNS, a->length - first);
  float *restrict panel = scratch, *restrict found = panel + a->size * COLUMNS, *restrict scores = found + a->size * COLUMNS, sums[ROWS * COLUMNS];
  float largest[COLUMNS], total[COLUMNS] = {0}, correction[COLUMNS];
  const float *query = a->queries + first * width + head * a->size;
  for (int64_t k = 0; k < a->size; k++) {
    for (int64_t i = 0; i < COLUMNS; i++) panel[k * COLUMNS + i] = i < queries ? query[i * width + k] : 0.0f;
  }
  memset(found, 0, (size_t)(a->size * COLUMNS) * sizeof(float));
  for (int i = 0; i < COLUMNS; i++) largest[i] = -INFINITY;
  for (int64_t key = 0; key < rows; key += ATTENTION_KEYS) {
    const int64_t keys = swl_minimum(ATTENTION_KEYS, rows - key);
    const float *from = a->keys + key * width + head * a->size, *values = a->values + key * width + head * a->size;
    for (int64_t row = 0; row < keys; row += ROWS) {
      TILE(swl_minimum(ROWS, keys - row), from + row * width, width, panel, a->size, scores + row * COLUMNS);
    }
    for (int i = 0; i < COLUMNS; i++) correction[i] = largest[i];
    for (int64_t row = 0; row < keys; row++) {
      for (int i = 0; i < COLUMNS; i++) largest[i] = scores[row * COLUMNS + i] > largest[i] ? scores[row * COLUMNS + i] : largest[i];
    }
    float base[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
      // Where nothing is above −∞, e^(−∞ − −∞) would be of nothing.
      base[i] = largest[i] == -INFINITY ? 0.0f : largest[i];
      correction[i] = correction[i] == -INFINITY ? 0.0f : attention_power(correction[i] - base[i]);
      total[i] *= correction[i];
    }
    for (int64_t row = 0; row < keys; row++) {
      for (int i = 0; i < COLUMNS; i++) {
        const float share = attention_power(scores[row * COLUMNS + i] - base[i]);
        scores[row * COLUMNS + i] = share;
        total[i] += share;
      }
    }
    for (int64_t element = 0; element < a->size; element += ROWS) {
      const int64_t count = swl_minimum(ROWS, a->size - element);
      TILE_DOWN(count, values + element, width, scores, keys, sums);
      float *restrict to = found + element * COLUMNS;
      for (int64_t j = 0; j < count; j++) {
        for (int i = 0; i < COLUMNS; i++) to[j * COLUMNS + i] = to[j * COLUMNS + i] * correction[i] + sums[j * COLUMNS + i];
      }
    }
  }
  for (int64_t i = 0; i < queries; i++) {
    float *restrict output = a->output + (first + i) * width + head * a->size;
    const float inverse = rows > 0 ? 1.0f / total[i] : 0.0f;
    for (int64_t k = 0; k < a->size; k++) output[k] = found[k * COLUMNS + i] * inverse;
  }
}

TARGET void ATTENTION(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_attention *a = arguments;
  if (a->length == 1) {
    attend_alone(a, NULL, NULL, begin, end, scratch);
    return;
  }
  for (int64_t item = begin; item < end; item++) attend(a, item, scratch);
}

TARGET void ATTENTION_F16(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_attention_f16 *a = arguments;
  attend_alone(&a->attention, a->keys, a->values, begin, end, scratch);
}

#undef ATTENTION
#undef ATTENTION_F16
#undef WIDEN
#undef PRODUCTS
#undef GATHER_FOUR
#undef TILE_DOWN
#undef FUSED
