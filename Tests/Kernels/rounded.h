// Cases of convolutions whose float rows are rounded to bytes; included by the driver.

static void case_convolution_rounded(const struct swl_kernel *const kernels[2], struct trial trials[2]) {
  static struct swl_convolution_rounded arguments[2];
  struct swl_window w = random_window(false);
  int32_t groups = random_groups(&w), threads = random_in(1, 4);
  // One row, as a step of a sequence has, in a third of the cases.
  if (random_in(0, 2) == 0) {
    w = (struct swl_window){.batch = 1, .input_height = 1, .input_width = 1, .output_height = 1, .output_width = 1, .kernel_height = 1, .kernel_width = 1,
        .stride_height = 1, .stride_width = 1, .dilation_height = 1, .dilation_width = 1, .input_channels = random_in(1, 900), .output_channels = random_in(1, 90)};
    groups = 1;
  }
  struct swl_blocking b = blocking_of(&w, groups);
  const int8_t *weights = take_weights(w.output_channels * b.depth);
  const float range = 0.01f / sqrtf((float)b.depth), *scales = take_floats(w.output_channels, range / 2, range);
  float *offsets = take(w.output_channels * 4), *input = take_floats(input_size(&w), -1, random_in(0, 1) ? 3 : -0.5f);
  swl_rounded_offsets(weights, scales, w.output_channels, b.depth, offsets);
  // Rows of one value have no range.
  if (random_in(0, 9) == 0) {
    for (int64_t i = 0; i < input_size(&w); i++) input[i] = 0.75f;
  }
  struct swl_epilogue_f32 epilogue = random_epilogue(w.output_channels, output_size(&w));
  struct swl_convolution_rounded c = {.input = input, .window = w, .scales = scales, .offsets = offsets, .epilogue = epilogue,
      .is_pointwise = is_pointwise(&w), .planes = random_in(1, 2)};
  finish(kernels, trials, &arguments[0], &arguments[1], 0, 0, output_size(&w) * 4);
  for (int i = 0; i < 2; i++) {
    c.blocking = b;
    swl_plan_blocking(kernels[i], 4, threads, &w, &c.blocking);
    c.weights = take_packed(kernels[i], &c.blocking, weights);
    c.output = trials[i].output = take_output(output_size(&w) * 4, 4);
    trials[i].items = swl_blocking_items(&c.blocking);
    trials[i].scratch = swl_rounded_scratch(kernels[i], &c.blocking, c.is_pointwise, c.planes);
    arguments[i] = c;
  }
}
