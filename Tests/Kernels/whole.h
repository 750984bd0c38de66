// Cases of the families of whole numbers, casts and run-time indices, for driver.c.

static const int32_t every_type[] = {SWL_UINT8, SWL_INT8,  SWL_BOOL,  SWL_INT16,   SWL_UINT16,  SWL_INT32,
                                     SWL_UINT32, SWL_INT64, SWL_UINT64, SWL_FLOAT32, SWL_FLOAT16, SWL_FLOAT64};

static int64_t size_of(int32_t type) {
  return type == SWL_UINT8 || type == SWL_INT8 || type == SWL_BOOL ? 1 : type == SWL_INT16 || type == SWL_UINT16 || type == SWL_FLOAT16 ? 2
         : type == SWL_INT64 || type == SWL_UINT64 || type == SWL_FLOAT64 ? 8 : 4;
}

// Small numbers and any bits at all; floats are numbers, for a NaN's bits may differ between processors.
static void *take_elements(int32_t type, int64_t count) {
  if (type == SWL_FLOAT32) return take_floats(count, -300, 300);
  uint8_t *block = take(count * size_of(type));
  for (int64_t i = 0; i < count; i++) {
    uint64_t bits = random_in(0, 1) ? random_bits() : (uint64_t)(int64_t)random_in(-9, 9);
    double number = random_in(-70000, 70000) / 8.0;
    if (type == SWL_FLOAT64) memcpy(&bits, &number, 8);
    if (type == SWL_FLOAT16) bits &= 0xBBFF;
    memcpy(block + i * size_of(type), &bits, (size_t)size_of(type));
  }
  return block;
}

static struct swl_broadcast random_broadcast(int64_t *count) {
  int64_t outer = random_in(1, 9), inner = random_in(1, 3) == 1 ? random_in(4000, 9000) : random_in(1, 300);
  *count = outer * inner;
  return (struct swl_broadcast){
      .axes = 2, .extents = {outer, inner}, .first_strides = {random_in(0, 1) * inner, 1}, .second_strides = {inner, random_in(0, 1)},
      .third_strides = {random_in(0, 1) * inner, random_in(0, 1)}, .chunks = chunks(inner)};
}

static void case_arithmetic(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_arithmetic arguments[2];
  int64_t count;
  struct swl_arithmetic a = {.operation = random_in(0, SWL_GREATER_OR_EQUAL), .type = every_type[random_in(0, 9)], .axes = random_broadcast(&count)};
  if (a.type == SWL_FLOAT32) a.operation = random_in(SWL_EQUAL - 2, SWL_GREATER_OR_EQUAL);
  if (a.type == SWL_FLOAT32 && a.operation < SWL_EQUAL) a.operation += SWL_MODULO - SWL_EQUAL + 2;
  a.output_type = a.operation >= SWL_LOGICAL_AND ? SWL_BOOL : a.type;
  a.left = take_elements(a.type, count);
  a.right = take_elements(a.type, count);
  finish(kernels, trials, &arguments[0], &arguments[1], a.axes.extents[0] * a.axes.chunks, 0, count * size_of(a.output_type));
  for (int i = 0; i < 2; i++) {
    a.output = trials[i].output = take_output(count * size_of(a.output_type), 8);
    arguments[i] = a;
  }
}

static void case_mapping(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_mapping arguments[2];
  struct swl_mapping m = {.count = random_in(1, 10000), .type = every_type[random_in(0, 9)], .function = random_in(0, SWL_BITWISE_NOT)};
  if (m.type == SWL_FLOAT32) m.function = random_in(SWL_IS_NAN, SWL_IS_NEGATIVE_INFINITY);
  if (m.type == SWL_BOOL) m.function = SWL_LOGICAL_NOT;
  m.output_type = m.function >= SWL_LOGICAL_NOT ? SWL_BOOL : m.type;
  m.input = take_elements(m.type, m.count);
  finish(kernels, trials, &arguments[0], &arguments[1], chunks(m.count), 0, m.count * size_of(m.output_type));
  for (int i = 0; i < 2; i++) {
    m.output = trials[i].output = take_output(m.count * size_of(m.output_type), 8);
    arguments[i] = m;
  }
}

static void case_cast(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_cast arguments[2];
  struct swl_cast c = {.count = random_in(1, 10000), .type = every_type[random_in(0, 11)], .output_type = every_type[random_in(0, 11)]};
  c.input = take_elements(c.type, c.count);
  finish(kernels, trials, &arguments[0], &arguments[1], chunks(c.count), 0, c.count * size_of(c.output_type));
  for (int i = 0; i < 2; i++) {
    c.output = trials[i].output = take_output(c.count * size_of(c.output_type), 8);
    arguments[i] = c;
  }
}

static void case_select(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_select arguments[2];
  static const int32_t sizes[] = {1, 2, 4, 8};
  int64_t count;
  struct swl_select s = {.element_size = sizes[random_in(0, 3)], .axes = random_broadcast(&count)};
  s.condition = take_elements(SWL_BOOL, count);
  s.on_true = take_bytes(count * s.element_size);
  s.on_false = take_bytes(count * s.element_size);
  finish(kernels, trials, &arguments[0], &arguments[1], s.axes.extents[0] * s.axes.chunks, 0, count * s.element_size);
  for (int i = 0; i < 2; i++) {
    s.output = trials[i].output = take_output(count * s.element_size, 8);
    arguments[i] = s;
  }
}

static uint64_t ignored_faults;

static struct swl_access random_access(void) {
  struct swl_access a = {.batch = random_in(1, 4), .count = random_in(1, 50), .inner = random_in(0, 1) ? 1 : random_in(1, 5000), .faults = &ignored_faults};
  a.index_size = random_in(0, 1) ? 4 : 8;
  a.coordinates = random_in(1, 3);
  a.rows = 1;
  for (int32_t i = a.coordinates; i-- > 0;) {
    a.extents[i] = random_in(1, 6);
    a.steps[i] = a.rows;
    a.rows *= a.extents[i];
  }
  int64_t count = a.batch * a.count * a.coordinates;
  void *indices = take(count * a.index_size);
  for (int64_t i = 0; i < count; i++) {
    int64_t extent = a.extents[i % a.coordinates], index = random_in(0, 9) ? random_in(-(int32_t)extent, (int32_t)extent - 1) : (int64_t)random_bits();
    if (a.index_size == 4) {
      ((int32_t *)indices)[i] = (int32_t)index;
    } else {
      ((int64_t *)indices)[i] = index;
    }
  }
  a.indices = indices;
  return a;
}

static void case_gather(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_gather arguments[2];
  static const int32_t sizes[] = {1, 2, 4, 8};
  struct swl_gather g = {.element_size = sizes[random_in(0, 3)], .access = random_access()};
  g.access.shares_indices = random_in(0, 1);
  g.input = take_bytes(g.access.batch * g.access.rows * g.access.inner * g.element_size);
  int64_t size = g.access.batch * g.access.count * g.access.inner * g.element_size;
  finish(kernels, trials, &arguments[0], &arguments[1], g.access.batch * g.access.count, 0, size);
  for (int i = 0; i < 2; i++) {
    g.output = trials[i].output = take_output(size, 8);
    arguments[i] = g;
  }
}

static void case_scatter(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_scatter arguments[2];
  struct swl_scatter s = {.type = every_type[random_in(0, 9)], .reduction = random_in(0, SWL_SCATTER_MAXIMUM), .access = random_access()};
  if (s.type == SWL_BOOL) s.reduction = SWL_SCATTER_NONE;
  s.element_size = (int32_t)size_of(s.type);
  int64_t count = s.access.batch * s.access.rows * s.access.inner;
  s.input = take_elements(s.type, count);
  s.updates = take_elements(s.type, s.access.batch * s.access.count * s.access.inner);
  finish(kernels, trials, &arguments[0], &arguments[1], s.access.batch * chunks(s.access.inner), 0, count * s.element_size);
  for (int i = 0; i < 2; i++) {
    s.output = trials[i].output = take_output(count * s.element_size, 8);
    arguments[i] = s;
  }
}

static int64_t column_items(int64_t outer, int64_t inner) { return outer * ((inner + SWL_REDUCTION_CHUNK - 1) / SWL_REDUCTION_CHUNK); }

static void case_arg_reduction(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_arg_reduction arguments[2];
  struct swl_arg_reduction r = {.outer = random_in(1, 5), .reduced = random_in(1, 600), .inner = random_in(0, 1) ? 1 : random_in(1, 150),
      .type = every_type[random_in(0, 9)], .finds_least = random_in(0, 1), .takes_last = random_in(0, 1)};
  r.input = take_elements(r.type, r.outer * r.reduced * r.inner);
  finish(kernels, trials, &arguments[0], &arguments[1], column_items(r.outer, r.inner), 0, r.outer * r.inner * 8);
  for (int i = 0; i < 2; i++) {
    r.output = trials[i].output = take_output(r.outer * r.inner * 8, 8);
    arguments[i] = r;
  }
}

static void case_top_k(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_top_k arguments[2];
  struct swl_top_k t = {.outer = random_in(1, 5), .length = random_in(1, 900), .type = every_type[random_in(0, 9)], .finds_least = random_in(0, 1)};
  t.count = random_in(1, (int32_t)t.length);
  t.input = take_elements(t.type, t.outer * t.length);
  finish(kernels, trials, &arguments[0], &arguments[1], t.outer, 0, t.outer * t.count * 8);
  for (int i = 0; i < 2; i++) {
    t.output = trials[i].output = take_output(t.outer * t.count * 8, 8);
    arguments[i] = t;
  }
}

static void case_cumulative_sum(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_cumulative_sum arguments[2];
  struct swl_cumulative_sum s = {.outer = random_in(1, 5), .length = random_in(1, 99), .inner = random_in(0, 1) ? 1 : random_in(1, 150),
      .type = every_type[random_in(0, 9)], .is_exclusive = random_in(0, 1), .is_reversed = random_in(0, 1)};
  int64_t count = s.outer * s.length * s.inner;
  s.input = take_elements(s.type, count);
  finish(kernels, trials, &arguments[0], &arguments[1], column_items(s.outer, s.inner), 0, count * size_of(s.type));
  for (int i = 0; i < 2; i++) {
    s.output = trials[i].output = take_output(count * size_of(s.type), 8);
    arguments[i] = s;
  }
}

static void case_reduction_whole(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_reduction arguments[2];
  struct swl_reduction r = {.kind = random_in(0, SWL_ABSOLUTE_SUM), .outer = random_in(1, 5), .reduced = random_in(1, 99),
      .inner = random_in(0, 1) ? 1 : random_in(1, 150), .type = every_type[random_in(0, 8)]};
  r.input = take_elements(r.type, r.outer * r.reduced * r.inner);
  int64_t size = r.outer * r.inner * size_of(r.type);
  finish(kernels, trials, &arguments[0], &arguments[1], column_items(r.outer, r.inner), 0, size);
  for (int i = 0; i < 2; i++) {
    r.output = trials[i].output = take_output(size, 8);
    arguments[i] = r;
  }
}
