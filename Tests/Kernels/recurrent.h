// Cases of recurrent layers and of integer convolutions that keep their sums; included by the driver.

static float *pack_recurrence(const float *weights, int64_t columns, int64_t depth, float *packed) {
  swl_pack_recurrence(weights, columns, depth, packed);
  return packed + swl_packed_recurrence_count(columns, depth);
}

static void case_recurrence_f32(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_recurrence arguments[2];
  struct swl_recurrence r = {.steps = random_in(1, 6), .batch = random_in(1, 3), .hidden = random_in(1, 45), .kind = random_in(SWL_RNN, SWL_LSTM_COUPLED),
      .is_reversed = random_in(0, 1), .clip = random_in(0, 1) ? INFINITY : 0.8f};
  const bool has_cell = r.kind >= SWL_LSTM;
  const int64_t h = r.hidden, gates = r.kind == SWL_RNN ? 1 : has_cell ? 4 : 3, parts = has_cell ? 2 : 1;
  const float range = 1.0f / sqrtf((float)h);
  r.gates = take_floats(r.steps * r.batch * gates * h, -1, 1);
  // The gates of a GRU that read the state stand apart from the one that reads the reset state.
  const bool is_split = gates == 3;
  const int64_t first = is_split ? 2 * h : gates * h;
  const float *weights = take_floats(gates * h * h, -range, range);
  float *packed = take((swl_packed_recurrence_count(first, h) + (is_split ? swl_packed_recurrence_count(h, h) : 0)) * 4);
  float *rest = pack_recurrence(weights, first, h, packed);
  if (is_split) pack_recurrence(weights + first * h, h, h, rest);
  r.weights = packed;
  if (r.kind == SWL_GRU_RESET_AFTER && random_in(0, 1)) r.recurrent_bias = take_floats(h, -1, 1);
  if (has_cell && random_in(0, 1)) r.peepholes = take_floats(3 * h, -1, 1);
  if (random_in(0, 1)) r.initial_hidden = take_floats(r.batch * h, -1, 1);
  if (has_cell && random_in(0, 1)) r.initial_cell = take_floats(r.batch * h, -1, 1);
  if (random_in(0, 1)) {
    // Lengths below 0 and beyond the steps are the kernel's to bound.
    int32_t *lengths = take(r.batch * 4);
    for (int64_t n = 0; n < r.batch; n++) lengths[n] = random_in(-1, (int32_t)r.steps + 1);
    r.lengths = lengths;
  }
  for (int i = 0; i < 3; i++) r.functions[i] = i == 0 && r.kind != SWL_RNN ? SWL_SIGMOID : SWL_TANH;
  int64_t size = (r.steps + 1) * r.batch * parts * h * 4;
  finish(kernels, trials, &arguments[0], &arguments[1], r.batch, swl_recurrence_scratch(r.kind, h), size);
  for (int i = 0; i < 2; i++) {
    r.states = trials[i].output = take_output(size, 4);
    arguments[i] = r;
  }
}

static void case_convolution_q32(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_convolution_q32 arguments[2];
  struct swl_convolution_q32 c = {.window = random_window(false), .groups = random_in(1, 3), .input_flip = random_in(0, 1) * 0x80};
  c.window.input_channels = c.groups * random_in(1, 40);
  c.window.output_channels = c.groups * random_in(1, 12);
  c.input = take_bytes(input_size(&c.window));
  if (random_in(0, 2)) c.input_zero_point = take_bytes(1);
  const int64_t taps = (int64_t)c.window.kernel_height * c.window.kernel_width, depth = taps * (c.window.input_channels / c.groups);
  int16_t *weights = take(c.window.output_channels * depth * 2);
  for (int64_t i = 0; i < c.window.output_channels * depth; i++) weights[i] = (int16_t)random_in(-255, 255);
  c.weights = weights;
  int64_t size = output_size(&c.window) * 4;
  finish(kernels, trials, &arguments[0], &arguments[1], (int64_t)c.window.batch * c.window.output_height,
         swl_convolution_q32_scratch(&c.window, c.groups), size);
  for (int i = 0; i < 2; i++) {
    c.output = trials[i].output = take_output(size, 4);
    arguments[i] = c;
  }
}
