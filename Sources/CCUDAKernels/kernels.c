#include "CCUDAKernels.h"

static const struct {
  const char *name;
  uint32_t threads;
} kernels[] = {
#define SWL_CUDA_KERNEL(name, arguments, threads, waits) {#name, threads},
#include "list/swl_cuda_kernels.inc"
#undef SWL_CUDA_KERNEL
};

const char *swl_cuda_kernel_name(enum swl_cuda_kernel kernel) { return kernels[kernel].name; }
uint32_t swl_cuda_kernel_threads(enum swl_cuda_kernel kernel) { return kernels[kernel].threads; }

// Git doesn't hold the image. C23's #embed, which the compiler takes in every mode.
#pragma clang diagnostic ignored "-Wc23-extensions"
#if defined(__has_embed)
#if __has_embed("kernels/image.bin")
#define SWL_HAS_IMAGE 1
#endif
#endif

#if !defined(__has_embed) && defined(__has_include)
#if __has_include("kernels/image.bin")
#error "kernels/image.bin is there, and this compiler can't take it in: it lacks #embed. Use a newer one, or remove the image."
#endif
#endif

#ifdef SWL_HAS_IMAGE
static const uint8_t image[] __attribute__((aligned(64))) = {
#embed "kernels/image.bin"
};
const uint8_t *swl_cuda_image_bytes(void) { return image; }
size_t swl_cuda_image_byte_count(void) { return sizeof image; }
#else
const uint8_t *swl_cuda_image_bytes(void) { return NULL; }
size_t swl_cuda_image_byte_count(void) { return 0; }
#endif
