#include "swl_resampling.h"

#include <dlfcn.h>
#include <pthread.h>

static struct {
  __typeof__(soxr_create) *create;
  __typeof__(soxr_delete) *delete;
  __typeof__(soxr_process) *process;
} library;
static bool is_whole;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
  // It stays loaded for ever.
  void *handle = dlopen("libsoxr.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle) return;
  *(void **)&library.create = dlsym(handle, "soxr_create");
  *(void **)&library.delete = dlsym(handle, "soxr_delete");
  *(void **)&library.process = dlsym(handle, "soxr_process");
  is_whole = library.create && library.delete && library.process;
}

bool swl_resampling_is_available(void) {
  pthread_once(&once, load);
  return is_whole;
}

soxr_t swl_resampling_create(double input_rate, double output_rate, soxr_error_t *ret_failure) {
  return library.create(input_rate, output_rate, 1, ret_failure, NULL, NULL, NULL);
}
void swl_resampling_delete(soxr_t handle) { library.delete(handle); }
soxr_error_t swl_resampling_process(soxr_t handle, const void *input, size_t input_count, size_t *ret_taken, void *output, size_t output_count, size_t *ret_made) {
  return library.process(handle, input, input_count, ret_taken, output, output_count, ret_made);
}
