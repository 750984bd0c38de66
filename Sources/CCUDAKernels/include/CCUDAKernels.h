// The CUDA kernels: their arguments, their list, and the image that holds them compiled, where it was built in.
#ifndef CCUDAKERNELS_H
#define CCUDAKERNELS_H

#include <stddef.h>

#include "swl_cuda_arguments.h"

enum swl_cuda_kernel {
#define SWL_CUDA_KERNEL(name, arguments, threads, waits) name##__id,
#include "../list/swl_cuda_kernels.inc"
#undef SWL_CUDA_KERNEL
  SWL_CUDA_KERNEL_COUNT,
};

// The kernel's symbol in a module, and the threads of its blocks.
const char *swl_cuda_kernel_name(enum swl_cuda_kernel kernel);
uint32_t swl_cuda_kernel_threads(enum swl_cuda_kernel kernel);

// The image that `make cuda` builds (see docs/cuda.md); no bytes where the program was built without one.
const uint8_t *swl_cuda_image_bytes(void);
size_t swl_cuda_image_byte_count(void);

#endif
