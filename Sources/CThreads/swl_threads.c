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

int swl_thread_set_niceness(int niceness) {
  // On Linux 0 means the calling thread alone.
  return setpriority(PRIO_PROCESS, 0, niceness) == 0 ? 0 : -errno;
}
