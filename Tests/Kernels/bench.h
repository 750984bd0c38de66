// Speed of the convolution kernels, one thread, on layers of the common edge networks.
#ifndef BENCH_H
#define BENCH_H

#define WEIGHT_DEVIATION 42.0f

struct layer {
  const char *name;
  int32_t size, inputs, outputs, kernel, stride;
  bool depthwise;
};

static const struct layer layers[] = {
    {"3x3 3>32 at 224 by 2", 224, 3, 32, 3, 2, false},   {"1x1 16>96 at 112", 112, 16, 96, 1, 1, false},    {"dw 96 at 112 by 2", 112, 96, 96, 3, 2, true},
    {"1x1 24>144 at 56", 56, 24, 144, 1, 1, false},      {"dw 144 at 56", 56, 144, 144, 3, 1, true},        {"1x1 144>32 at 28", 28, 144, 32, 1, 1, false},
    {"1x1 64>384 at 14", 14, 64, 384, 1, 1, false},      {"dw 384 at 14", 14, 384, 384, 3, 1, true},        {"1x1 384>64 at 14", 14, 384, 64, 1, 1, false},
    {"1x1 960>320 at 7", 7, 960, 320, 1, 1, false},      {"1x1 1280>1000 at 1", 1, 1280, 1000, 1, 1, false}, {"3x3 64>64 at 56", 56, 64, 64, 3, 1, false},
    {"dw 5x5 672 at 14", 14, 672, 672, 5, 1, true},      {"dw 5x5 144 at 56 by 2", 56, 144, 144, 5, 2, true},
};

static double seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// Seconds of the fastest of several runs.
static double fastest(const struct trial *t) {
  void *scratch = aligned_alloc(64, (size_t)(t->scratch + 127) / 64 * 64);
  double best = 1e9, start = seconds();
  for (int run = 0; run < 3 || seconds() - start < 0.05; run++) {
    double before = seconds();
    t->kernel->function(t->arguments, scratch, 0, t->items);
    double duration = seconds() - before;
    best = duration < best ? duration : best;
  }
  free(scratch);
  return best;
}

static struct swl_window window_of(const struct layer *l) {
  struct swl_window w = {
      .batch = 1, .input_height = l->size, .input_width = l->size, .input_channels = l->inputs, .output_channels = l->outputs, .kernel_height = l->kernel,
      .kernel_width = l->kernel, .stride_height = l->stride, .stride_width = l->stride, .dilation_height = 1, .dilation_width = 1, .pad_top = l->kernel / 2,
      .pad_left = l->kernel / 2, .pad_bottom = l->kernel / 2, .pad_right = l->kernel / 2};
  w.output_height = w.output_width = (l->size - 1) / l->stride + 1;
  return w;
}

// As trained 8-bit weights are spread where one scale serves a channel: about normally, the largest at the end of the range.
static int8_t *take_normal_weights(int64_t count) {
  int8_t *weights = take(count);
  for (int64_t i = 0; i < count; i++) {
    float sum = 0;
    for (int k = 0; k < 12; k++) sum += random_float(-0.5f, 0.5f);
    sum *= WEIGHT_DEVIATION;
    weights[i] = (int8_t)(sum < -127 ? -127 : sum > 127 ? 127 : sum);
  }
  return weights;
}

static void bench_kernel(const struct layer *l, enum swl_family family, const struct swl_kernel *kernel) {
  struct swl_window w = window_of(l);
  struct swl_blocking b = blocking_of(&w, l->depthwise ? l->inputs : 1);
  struct trial t = {.kernel = kernel};
  struct swl_requantisation plain = random_requantisation(w.output_channels, b.depth, 1);
  plain.table = NULL;
  plain.gates = NULL;
  plain.residual = NULL;
  plain.middle_zero_point = 0, plain.middle_lower = 0, plain.middle_upper = 255;
  swl_mark_narrow(&plain, w.output_channels, take_magnitudes(w.output_channels, b.depth), 255);
  struct swl_epilogue_f32 epilogue = {.bias = take_floats(w.output_channels, -1, 1), .function = SWL_IDENTITY, .lower = 0, .upper = 6};
  if (!l->depthwise) swl_plan_blocking(kernel, family == SWL_CONVOLUTION_Q8 ? 2 : 4, 1, &w, &b);
  struct swl_convolution_q8 cq = {.input = take_bytes(input_size(&w)), .output = take(output_size(&w)), .window = w,
      .is_pointwise = is_pointwise(&w), .blocking = b, .requantisation = plain};
  struct swl_convolution_f32 cf = {
      .input = take_floats(input_size(&w), -1, 1), .output = take(output_size(&w) * 4), .window = w, .blocking = b, .epilogue = epilogue,
      .is_pointwise = is_pointwise(&w)};
  struct swl_depthwise_q8 dq = {.input = cq.input, .output = cq.output, .padding = take_bytes(w.input_channels), .window = w, .requantisation = plain};
  struct swl_depthwise_f32 df = {.input = cf.input, .output = cf.output, .padding = take_floats(w.input_channels, 0, 0), .window = w, .epilogue = epilogue};
  switch (family) {
  case SWL_CONVOLUTION_Q8: {
    int8_t *packed = take(swl_packed_weights_size(kernel, &b, 1));
    swl_pack_weights_q8(kernel, &b, take_normal_weights(w.output_channels * b.depth), packed);
    cq.weights = packed, t.arguments = &cq;
    break;
  }
  case SWL_CONVOLUTION_F32: cf.weights = take_floats(swl_packed_weights_size(kernel, &b, 4) / 4, -1, 1), t.arguments = &cf; break;
  case SWL_DEPTHWISE_Q8: dq.weights = take_bytes(swl_packed_depthwise_q8_size(kernel, &w)), t.arguments = &dq; break;
  default: df.weights = take_floats((int64_t)w.input_channels * l->kernel * l->kernel, -1, 1), t.arguments = &df; break;
  }
  t.items = family == SWL_DEPTHWISE_Q8 ? swl_depthwise_q8_items(kernel, &w) : l->depthwise ? w.output_height : swl_blocking_items(&b);
  t.scratch = l->depthwise ? swl_depthwise_scratch(&w) : swl_convolution_scratch(kernel, &b, 4);
  double duration = fastest(&t);
  double work = (double)w.output_height * w.output_width * w.output_channels * (double)b.depth;
  printf("%-24s %-34s %8.3f ms %8.2f G/s\n", l->name, kernel->name, duration * 1e3, work / duration * 1e-9);
  while (block_count > 0) free(blocks[--block_count]);
}

static void bench(void) {
  for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
    enum swl_family families[2] = {SWL_CONVOLUTION_Q8, SWL_CONVOLUTION_F32};
    if (layers[i].depthwise) families[0] = SWL_DEPTHWISE_Q8, families[1] = SWL_DEPTHWISE_F32;
    for (int f = 0; f < 2; f++) {
      int32_t count;
      const struct swl_kernel *list = swl_kernels(families[f], &count);
      for (int32_t k = 1; k < count; k++) {
        if (swl_instruction_set_is_available(list[k].instruction_set)) bench_kernel(&layers[i], families[f], &list[k]);
      }
    }
  }
}

#endif
