#include "../shared/kernels.h"

#include <stddef.h>
#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#define SWL_KERNEL(name, set, rows, columns, depth) {#name, set, name, rows, columns, depth},
static const struct swl_kernel convolution_q8[] = {
#include "../convolution/convolution_q8.inc"
};
static const struct swl_kernel convolution_f32[] = {
#include "../convolution/convolution_f32.inc"
};
static const struct swl_kernel depthwise_q8[] = {
#include "../depthwise/depthwise_q8.inc"
};
static const struct swl_kernel depthwise_f32[] = {
#include "../depthwise/depthwise_f32.inc"
};
static const struct swl_kernel pooling_q8[] = {
#include "../pooling/pooling_q8.inc"
};
static const struct swl_kernel pooling_f32[] = {
#include "../pooling/pooling_f32.inc"
};
static const struct swl_kernel binary_q8[] = {
#include "../elementwise/binary_q8.inc"
};
static const struct swl_kernel binary_f32[] = {
#include "../elementwise/binary_f32.inc"
};
static const struct swl_kernel unary_f32[] = {
#include "../elementwise/unary_f32.inc"
};
static const struct swl_kernel lookup[] = {
#include "../elementwise/lookup.inc"
};
static const struct swl_kernel quantise[] = {
#include "../elementwise/quantise.inc"
};
static const struct swl_kernel dequantise[] = {
#include "../elementwise/dequantise.inc"
};
static const struct swl_kernel softmax_f32[] = {
#include "../reduction/softmax_f32.inc"
};
static const struct swl_kernel copy[] = {
#include "../movement/copy.inc"
};
static const struct swl_kernel fill[] = {
#include "../movement/fill.inc"
};
static const struct swl_kernel reduction_q8[] = {
#include "../reduction/reduction_q8.inc"
};
static const struct swl_kernel reduction_f32[] = {
#include "../reduction/reduction_f32.inc"
};
static const struct swl_kernel resize_q8[] = {
#include "../movement/resize_q8.inc"
};
static const struct swl_kernel resize_f32[] = {
#include "../movement/resize_f32.inc"
};
static const struct swl_kernel matrix_product_f32[] = {
#include "../matrix/matrix_product_f32.inc"
};
static const struct swl_kernel arithmetic[] = {
#include "../whole/arithmetic.inc"
};
static const struct swl_kernel mapping[] = {
#include "../whole/mapping.inc"
};
static const struct swl_kernel cast[] = {
#include "../whole/cast.inc"
};
static const struct swl_kernel select[] = {
#include "../whole/select.inc"
};
static const struct swl_kernel gather[] = {
#include "../indexing/gather.inc"
};
static const struct swl_kernel scatter[] = {
#include "../indexing/scatter.inc"
};
static const struct swl_kernel arg_reduction[] = {
#include "../indexing/arg_reduction.inc"
};
static const struct swl_kernel top_k[] = {
#include "../indexing/top_k.inc"
};
static const struct swl_kernel cumulative_sum[] = {
#include "../reduction/cumulative_sum.inc"
};
static const struct swl_kernel reduction_whole[] = {
#include "../reduction/reduction_whole.inc"
};
static const struct swl_kernel recurrence_f32[] = {
#include "../recurrence/recurrence_f32.inc"
};
static const struct swl_kernel convolution_q32[] = {
#include "../integer/convolution_q32.inc"
};
static const struct swl_kernel winograd_q8[] = {
#include "../winograd/winograd_q8.inc"
};
static const struct swl_kernel attention_f32[] = {
#include "../sequence/attention_f32.inc"
};
static const struct swl_kernel attention_f16[] = {
#include "../sequence/attention_f16.inc"
};
static const struct swl_kernel rotation_f32[] = {
#include "../sequence/rotation_f32.inc"
};
static const struct swl_kernel normalisation_f32[] = {
#include "../sequence/normalisation_f32.inc"
};
static const struct swl_kernel convolution_rounded[] = {
#include "../convolution/convolution_rounded.inc"
};
#undef SWL_KERNEL

struct family {
  const char *name;
  const struct swl_kernel *kernels;
  int32_t count;
};

#define FAMILY(list) {#list, list, (int32_t)(sizeof list / sizeof list[0])}
static const struct family families[SWL_FAMILY_COUNT] = {
    [SWL_CONVOLUTION_Q8] = FAMILY(convolution_q8),
    [SWL_CONVOLUTION_F32] = FAMILY(convolution_f32),
    [SWL_DEPTHWISE_Q8] = FAMILY(depthwise_q8),
    [SWL_DEPTHWISE_F32] = FAMILY(depthwise_f32),
    [SWL_POOLING_Q8] = FAMILY(pooling_q8),
    [SWL_POOLING_F32] = FAMILY(pooling_f32),
    [SWL_BINARY_Q8] = FAMILY(binary_q8),
    [SWL_BINARY_F32] = FAMILY(binary_f32),
    [SWL_UNARY_F32] = FAMILY(unary_f32),
    [SWL_LOOKUP] = FAMILY(lookup),
    [SWL_QUANTISE] = FAMILY(quantise),
    [SWL_DEQUANTISE] = FAMILY(dequantise),
    [SWL_SOFTMAX_F32] = FAMILY(softmax_f32),
    [SWL_COPY] = FAMILY(copy),
    [SWL_FILL] = FAMILY(fill),
    [SWL_REDUCTION_Q8] = FAMILY(reduction_q8),
    [SWL_REDUCTION_F32] = FAMILY(reduction_f32),
    [SWL_RESIZE_Q8] = FAMILY(resize_q8),
    [SWL_RESIZE_F32] = FAMILY(resize_f32),
    [SWL_MATRIX_PRODUCT_F32] = FAMILY(matrix_product_f32),
    [SWL_ARITHMETIC] = FAMILY(arithmetic),
    [SWL_MAPPING] = FAMILY(mapping),
    [SWL_CAST] = FAMILY(cast),
    [SWL_SELECT] = FAMILY(select),
    [SWL_GATHER] = FAMILY(gather),
    [SWL_SCATTER] = FAMILY(scatter),
    [SWL_ARG_REDUCTION] = FAMILY(arg_reduction),
    [SWL_TOP_K] = FAMILY(top_k),
    [SWL_CUMULATIVE_SUM] = FAMILY(cumulative_sum),
    [SWL_REDUCTION_WHOLE] = FAMILY(reduction_whole),
    [SWL_RECURRENCE_F32] = FAMILY(recurrence_f32),
    [SWL_CONVOLUTION_Q32] = FAMILY(convolution_q32),
    [SWL_WINOGRAD_Q8] = FAMILY(winograd_q8),
    [SWL_CONVOLUTION_ROUNDED] = FAMILY(convolution_rounded),
    [SWL_ATTENTION_F32] = FAMILY(attention_f32),
    [SWL_ATTENTION_F16] = FAMILY(attention_f16),
    [SWL_ROTATION_F32] = FAMILY(rotation_f32),
    [SWL_NORMALISATION_F32] = FAMILY(normalisation_f32),
};

bool swl_instruction_set_is_available(enum swl_instruction_set set) {
  switch (set) {
  case SWL_SCALAR: return true;
#if defined(__x86_64__)
  case SWL_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  case SWL_AVX512_VNNI:
    return swl_instruction_set_is_available(SWL_AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni");
#endif
#if defined(__aarch64__)
  case SWL_NEON: return true;
  case SWL_NEON_DOT: return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#endif
  default: return false;
  }
}

enum swl_instruction_set swl_best_instruction_set(void) {
  for (int set = SWL_NEON_DOT; set > SWL_SCALAR; set--) {
    if (swl_instruction_set_is_available((enum swl_instruction_set)set)) return (enum swl_instruction_set)set;
  }
  return SWL_SCALAR;
}

const char *swl_instruction_set_name(enum swl_instruction_set set) {
  switch (set) {
  case SWL_SCALAR: return "scalar";
  case SWL_AVX2: return "avx2";
  case SWL_AVX512_VNNI: return "avx512-vnni";
  case SWL_NEON: return "neon";
  case SWL_NEON_DOT: return "neon-dot";
  }
  return "unknown";
}

const char *swl_family_name(enum swl_family family) { return families[family].name; }

const struct swl_kernel *swl_kernels(enum swl_family family, int32_t *ret_count) {
  *ret_count = families[family].count;
  return families[family].kernels;
}

const struct swl_kernel *swl_kernel_for(enum swl_family family, enum swl_instruction_set set) {
  const struct swl_kernel *best = &families[family].kernels[0];
  for (int32_t i = 1; i < families[family].count; i++) {
    if (families[family].kernels[i].instruction_set <= set) best = &families[family].kernels[i];
  }
  return best;
}
