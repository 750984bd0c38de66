// Cases of attention, rotation and normalisation; included by the driver.

static void case_attention_f32(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_attention arguments[2];
  struct swl_attention a = {.heads = random_in(1, 4), .size = random_in(1, 70), .rows = random_in(1, 200), .length = random_in(0, 1) ? 1 : random_in(2, 220)};
  const int64_t width = a.heads * a.size;
  const float range = 4.0f / sqrtf((float)a.size);
  a.queries = take_floats(a.length * width, -range, range);
  a.keys = take_floats(a.rows * width, -1, 1), a.values = take_floats(a.rows * width, -1, 1);
  if (a.length == 1 && random_in(0, 1)) a.own_key = take_floats(width, -1, 1), a.own_value = take_floats(width, -1, 1);
  if (random_in(0, 1)) {
    // Counts below 0 and beyond the rows are the kernel's to bound.
    int64_t *count = take(8);
    *count = random_in(-2, (int32_t)a.rows + 2), a.count = count;
  }
  finish(kernels, trials, &arguments[0], &arguments[1], 0, 0, a.length * width * 4);
  for (int i = 0; i < 2; i++) {
    trials[i].items = swl_attention_items(kernels[i], &a);
    trials[i].scratch = swl_attention_scratch(kernels[i], &a);
    a.output = trials[i].output = take_output(a.length * width * 4, 4);
    arguments[i] = a;
  }
}

static void case_attention_f16(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_attention_f16 arguments[2];
  struct swl_attention_f16 a = {.attention = {.heads = random_in(1, 4), .size = random_in(1, 70), .rows = random_in(1, 200), .length = 1}};
  const int64_t width = a.attention.heads * a.attention.size, count = a.attention.rows * width;
  const float range = 4.0f / sqrtf((float)a.attention.size);
  a.attention.queries = take_floats(width, -range, range);
  uint16_t *halves = take(4 * count);
  // Of magnitudes below 2, subnormal ones among them.
  for (int64_t i = 0; i < 2 * count; i++) halves[i] = (uint16_t)(random_bits() & 0xBFFF);
  a.keys = halves, a.values = halves + count;
  if (random_in(0, 1)) a.attention.own_key = take_floats(width, -1, 1), a.attention.own_value = take_floats(width, -1, 1);
  if (random_in(0, 1)) {
    int64_t *open = take(8);
    *open = random_in(-2, (int32_t)a.attention.rows + 2), a.attention.count = open;
  }
  finish(kernels, trials, &arguments[0], &arguments[1], a.attention.heads, swl_attention_f16_scratch(&a.attention), width * 4);
  for (int i = 0; i < 2; i++) {
    a.attention.output = trials[i].output = take_output(width * 4, 4);
    arguments[i] = a;
  }
}

static void case_rotation_f32(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_rotation arguments[2];
  struct swl_rotation r = {.rows = random_in(1, 9), .heads = random_in(1, 5), .pairs = random_in(0, 30), .positions = random_in(1, 20),
      .is_interleaved = random_in(0, 1), .faults = &ignored_faults};
  r.size = 2 * r.pairs + random_in(r.pairs == 0, 5);
  const int64_t count = r.rows * r.heads * r.size;
  int64_t *positions = take(r.rows * 8);
  for (int64_t i = 0; i < r.rows; i++) positions[i] = random_in(0, 9) ? random_in(0, (int32_t)r.positions - 1) : (int64_t)random_bits();
  r.row_positions = positions;
  r.input = take_floats(count, -2, 2), r.cosines = take_floats(r.positions * r.pairs, -1, 1), r.sines = take_floats(r.positions * r.pairs, -1, 1);
  finish(kernels, trials, &arguments[0], &arguments[1], r.rows, 0, count * 4);
  for (int i = 0; i < 2; i++) {
    r.output = trials[i].output = take_output(count * 4, 4);
    arguments[i] = r;
  }
}

static void case_normalisation_f32(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_normalisation arguments[2];
  struct swl_normalisation n = {.width = random_in(1, 400), .epsilon = random_in(0, 1) ? 1e-5f : 0.1f};
  const int64_t rows = random_in(1, 9), count = rows * n.width;
  n.input = take_floats(count, -3, 5), n.scale = take_floats(n.width, -1, 2);
  if (random_in(0, 1)) n.shift = take_floats(n.width, -1, 1);
  finish(kernels, trials, &arguments[0], &arguments[1], rows, 0, count * 4);
  for (int i = 0; i < 2; i++) {
    n.output = trials[i].output = take_output(count * 4, 4);
    arguments[i] = n;
  }
}
