#include "swl_sound_file.h"

#include <dlfcn.h>
#include <pthread.h>

static struct {
  __typeof__(sf_open_fd) *open;
  __typeof__(sf_close) *close;
  __typeof__(sf_readf_float) *read;
  __typeof__(sf_error) *error;
  __typeof__(sf_strerror) *explain;
} library;
static bool is_whole;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
  // It stays loaded for ever.
  void *handle = dlopen("libsndfile.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle) return;
  *(void **)&library.open = dlsym(handle, "sf_open_fd");
  *(void **)&library.close = dlsym(handle, "sf_close");
  *(void **)&library.read = dlsym(handle, "sf_readf_float");
  *(void **)&library.error = dlsym(handle, "sf_error");
  *(void **)&library.explain = dlsym(handle, "sf_strerror");
  is_whole = library.open && library.close && library.read && library.error && library.explain;
}

bool swl_sound_file_is_available(void) {
  pthread_once(&once, load);
  return is_whole;
}

SNDFILE *swl_sound_file_open(int descriptor, int mode, SF_INFO *facts, int closes_descriptor) {
  return library.open(descriptor, mode, facts, closes_descriptor);
}
int swl_sound_file_close(SNDFILE *file) { return library.close(file); }
sf_count_t swl_sound_file_read(SNDFILE *file, float *samples, sf_count_t frames) { return library.read(file, samples, frames); }
int swl_sound_file_error(SNDFILE *file) { return library.error(file); }
const char *swl_sound_file_explanation(SNDFILE *file) { return library.explain(file); }
