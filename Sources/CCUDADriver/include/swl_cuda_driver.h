// NVIDIA's driver, loaded at run time, so that one program serves machines with and without it. The declarations are our own.
#ifndef SWL_CUDA_DRIVER_H
#define SWL_CUDA_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Every function gives 0, or the driver's error code. None of them waits for the whole context or for the default stream: while a stream
// records, on whatever thread, both are forbidden, and either would spoil the recording.
struct swl_cuda_driver {
#define SWL_CUDA_FUNCTION(name, parameters) int32_t(*name) parameters;
#include "../list/swl_cuda_functions.inc"
#undef SWL_CUDA_FUNCTION
};

// Errors that are told apart.
enum {
  SWL_CUDA_OUT_OF_MEMORY = 2,
  SWL_CUDA_NO_DEVICE = 100,
  SWL_CUDA_INVALID_IMAGE = 200,
  SWL_CUDA_NO_BINARY = 209,
  SWL_CUDA_ECC_UNCORRECTABLE = 214,
  SWL_CUDA_INVALID_PTX = 218,
  SWL_CUDA_NVLINK_UNCORRECTABLE = 220,
  SWL_CUDA_UNSUPPORTED_PTX_VERSION = 222,
  SWL_CUDA_NOT_READY = 600,
  SWL_CUDA_ILLEGAL_ADDRESS = 700,
  SWL_CUDA_LAUNCH_TIMEOUT = 702,
  SWL_CUDA_CONTEXT_IS_DESTROYED = 709,
  SWL_CUDA_ASSERT = 710,
  SWL_CUDA_HARDWARE_STACK_ERROR = 714,
  SWL_CUDA_LAUNCH_FAILED = 719,
  SWL_CUDA_UNKNOWN = 999,
};

// Whether an error stays with the context, and so with the process: every later call gives it, and no new session helps.
static inline bool swl_cuda_is_lasting(int32_t result) {
  switch (result) {
  case SWL_CUDA_ECC_UNCORRECTABLE:
  case SWL_CUDA_NVLINK_UNCORRECTABLE:
  case SWL_CUDA_ILLEGAL_ADDRESS:
  case SWL_CUDA_LAUNCH_TIMEOUT:
  case SWL_CUDA_CONTEXT_IS_DESTROYED:
  case SWL_CUDA_ASSERT:
  case SWL_CUDA_UNKNOWN: return true;
  // Illegal instruction, misaligned address, invalid address space, invalid program counter lie between these.
  default: return result >= SWL_CUDA_HARDWARE_STACK_ERROR && result <= SWL_CUDA_LAUNCH_FAILED;
  }
}

// Attributes of a device.
enum {
  SWL_CUDA_MULTIPROCESSORS = 16,
  SWL_CUDA_INTEGRATED = 18,
  SWL_CUDA_CAN_MAP_HOST_MEMORY = 19,
  SWL_CUDA_COMPUTE_MAJOR = 75,
  SWL_CUDA_COMPUTE_MINOR = 76,
};
// The device reads and writes the host's memory where it lies.
enum { SWL_CUDA_HOST_MAPPED = 2 };
// Only the capturing thread's own calls count.
enum { SWL_CUDA_CAPTURE_THREAD_LOCAL = 1 };
// Waits only for what is put in this stream.
enum { SWL_CUDA_STREAM_NON_BLOCKING = 1 };

// Loads the driver, which then stays loaded, and finds its functions.
// - library: NULL for the system's libcuda.so.1. Tests name another; whoever runs with privileges passes NULL.
// Gives 0; -ENOENT where the library can't be loaded, with the linker's reason in `ret_text`; -ENOSYS where it lacks a function, with
// its name there. `ret_driver` is untouched then.
int swl_cuda_load(const char *library, struct swl_cuda_driver *ret_driver, char *ret_text, size_t capacity);

#endif
