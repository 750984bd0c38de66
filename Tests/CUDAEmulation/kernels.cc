#include "launch.h"

#include "all.cu"

#define SWL_CUDA_KERNEL(name, arguments, threads, waits) \
  {#name, [](const void *given) { name(*(const struct arguments *)given); }, sizeof(struct arguments), threads, waits},
extern const swl_emulated_kernel swl_emulated_kernels[] = {
#include "../../Sources/CCUDAKernels/list/swl_cuda_kernels.inc"
    {},
};
