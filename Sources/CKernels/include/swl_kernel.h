// What every kernel family has in common: the instruction sets, a kernel's signature, and the list that knows them all.
#ifndef SWL_KERNEL_H
#define SWL_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

// Instruction sets a kernel may need; within an architecture each contains the ones before. Which ones a machine has is asked with swl_instruction_set_is_available.
enum swl_instruction_set {
  SWL_SCALAR = 0, // portable C for the architecture's baseline
  SWL_AVX2 = 1,   // x86-64: AVX2, FMA and F16C
  SWL_AVX512_VNNI = 2,
  SWL_NEON = 3,     // AArch64's baseline vectors
  SWL_NEON_DOT = 4, // with the dot products of ARMv8.2
};

// Every kernel works on the items begin..<end of a step (row blocks, rows, chunks: the family says which), so that any
// split of the items over threads gives the same bits. `scratch` is the calling thread's own, 64-byte aligned and as
// large as the family's scratch size says; nothing else is written but the output.
typedef void (*swl_function)(const void *arguments, void *scratch, int64_t begin, int64_t end);

enum swl_family {
  SWL_CONVOLUTION_Q8,
  SWL_CONVOLUTION_F32,
  SWL_DEPTHWISE_Q8,
  SWL_DEPTHWISE_F32,
  SWL_POOLING_Q8,
  SWL_POOLING_F32,
  SWL_BINARY_Q8,
  SWL_BINARY_F32,
  SWL_UNARY_F32,
  SWL_LOOKUP,
  SWL_QUANTISE,
  SWL_DEQUANTISE,
  SWL_SOFTMAX_F32,
  SWL_COPY,
  SWL_FILL,
  SWL_REDUCTION_Q8,
  SWL_REDUCTION_F32,
  SWL_RESIZE_Q8,
  SWL_RESIZE_F32,
  SWL_MATRIX_PRODUCT_F32,
  SWL_ARITHMETIC,
  SWL_MAPPING,
  SWL_CAST,
  SWL_SELECT,
  SWL_GATHER,
  SWL_SCATTER,
  SWL_ARG_REDUCTION,
  SWL_TOP_K,
  SWL_CUMULATIVE_SUM,
  SWL_REDUCTION_WHOLE,
  SWL_RECURRENCE_F32,
  SWL_CONVOLUTION_Q32,
  SWL_WINOGRAD_Q8,
  SWL_CONVOLUTION_ROUNDED,
  SWL_ATTENTION_F32,
  SWL_ATTENTION_F16,
  SWL_ROTATION_F32,
  SWL_NORMALISATION_F32,
  SWL_FAMILY_COUNT,
};

struct swl_kernel {
  const char *name;
  enum swl_instruction_set instruction_set;
  swl_function function;
  // Geometry that packed weights follow, where the family packs: rows and columns of a tile, and how many
  // consecutive depth elements of one column stand together.
  int32_t rows;
  int32_t columns;
  int32_t depth;
};

// Whether this machine can run kernels of that set.
bool swl_instruction_set_is_available(enum swl_instruction_set set);
// The widest set that this machine has.
enum swl_instruction_set swl_best_instruction_set(void);
const char *swl_instruction_set_name(enum swl_instruction_set set);
const char *swl_family_name(enum swl_family family);
// The family's kernels in ascending preference; the first is the scalar oracle.
const struct swl_kernel *swl_kernels(enum swl_family family, int32_t *ret_count);
// The family's best kernel that needs no more than `set`.
const struct swl_kernel *swl_kernel_for(enum swl_family family, enum swl_instruction_set set);

#endif
