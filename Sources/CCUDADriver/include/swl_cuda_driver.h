// NVIDIA's driver, loaded at run time, so that one program serves machines with and without it. The declarations are our own.
#ifndef SWL_CUDA_DRIVER_H
#define SWL_CUDA_DRIVER_H

#include <stddef.h>
#include <stdint.h>

// Every function gives 0, or the driver's error code.
struct swl_cuda_driver {
#define SWL_CUDA_FUNCTION(name, parameters) int32_t(*name) parameters;
#include "../list/swl_cuda_functions.inc"
#undef SWL_CUDA_FUNCTION
};

// Attributes of a device.
enum { SWL_CUDA_COMPUTE_MAJOR = 75, SWL_CUDA_COMPUTE_MINOR = 76 };
// Threads that wait for the device sleep.
enum { SWL_CUDA_BLOCKING_WAIT = 4 };
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
