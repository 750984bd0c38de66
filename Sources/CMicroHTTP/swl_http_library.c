#include "library.h"

#include "swl_http.h"

#include <dlfcn.h>
#include <pthread.h>

static struct swl_http_library library;
static bool is_whole;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
  void *handle = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle) return;
  bool whole = true;
#define SWL_HTTP_FIND(name)                                                                                                      \
  *(void **)&library.name = dlsym(handle, #name);                                                                                \
  whole = whole && library.name;
  SWL_HTTP_FUNCTIONS(SWL_HTTP_FIND)
#undef SWL_HTTP_FIND
  is_whole = whole;
}

const struct swl_http_library *swl_http_library(void) {
  pthread_once(&once, load);
  return is_whole ? &library : NULL;
}

bool swl_http_is_available(void) { return swl_http_library() != NULL; }
