// A recording and its log, shared by the VFS and those who read it.
#ifndef RECORDING_LOG_H
#define RECORDING_LOG_H

#include "recording_vfs.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stddef.h>

struct swl_recording {
  // The first member: SQLite hands it back to the methods.
  sqlite3_vfs vfs;
  sqlite3_vfs *base;
  char *folder;
  // Guards what follows.
  pthread_mutex_t mutex;
  struct swl_recording_entry *entries;
  int64_t count, capacity;
  // Why the log has a hole: a negative errno, else 0.
  int failure;
};

// Appends a copy of `entry`, its name and its bytes. Without memory the log is marked as failed.
int recording_log(struct swl_recording *recording, struct swl_recording_entry entry);

#endif
