#include "swl_cuda_driver.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>

int swl_cuda_load(const char *library, struct swl_cuda_driver *ret_driver, char *ret_text, size_t capacity) {
  // It stays loaded: the driver has threads of its own.
  void *handle = dlopen(library ? library : "libcuda.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle) {
    const char *reason = dlerror();
    snprintf(ret_text, capacity, "%s", reason ? reason : "unknown reason");
    return -ENOENT;
  }
  struct swl_cuda_driver driver;
#define SWL_CUDA_FUNCTION(name, parameters)                                                                            \
  *(void **)&driver.name = dlsym(handle, #name);                                                                       \
  if (!driver.name) {                                                                                                  \
    snprintf(ret_text, capacity, "%s", #name);                                                                         \
    dlclose(handle);                                                                                                   \
    return -ENOSYS;                                                                                                    \
  }
#include "list/swl_cuda_functions.inc"
#undef SWL_CUDA_FUNCTION
  dlclose(handle);
  *ret_driver = driver;
  return 0;
}
