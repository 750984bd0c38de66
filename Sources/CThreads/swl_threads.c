#define _GNU_SOURCE
#include "swl_threads.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

int swl_thread_set_name(const char *name) {
  char kept[16];
  size_t length = strnlen(name, sizeof kept - 1);
  memcpy(kept, name, length);
  kept[length] = 0;
  return -pthread_setname_np(pthread_self(), kept);
}

int swl_thread_set_processors(const int *processors, size_t count) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (size_t i = 0; i < count; i++) {
    if (processors[i] >= 0 && processors[i] < CPU_SETSIZE) CPU_SET(processors[i], &set);
  }
  if (CPU_COUNT(&set) == 0) return 0;
  return -pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

int swl_thread_add_niceness(int niceness) {
  // On Linux 0 means the calling thread alone. -1 is a niceness, too.
  errno = 0;
  int own = getpriority(PRIO_PROCESS, 0);
  if (own == -1 && errno != 0) return -errno;
  int wanted = own + niceness < 19 ? own + niceness : 19;
  return setpriority(PRIO_PROCESS, 0, wanted) == 0 ? 0 : -errno;
}
