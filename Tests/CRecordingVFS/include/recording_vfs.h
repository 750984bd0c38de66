// A SQLite VFS that passes everything on to the default one and keeps a log of what reaches the disk, in one order, for tests
// that replay it up to a power cut.
#ifndef RECORDING_VFS_H
#define RECORDING_VFS_H

#include <stdint.h>

enum swl_recording_kind {
  // A file was opened that may have been made by that.
  SWL_RECORDING_OPEN,
  SWL_RECORDING_WRITE,
  // `offset` is the new size.
  SWL_RECORDING_TRUNCATE,
  SWL_RECORDING_SYNC,
  SWL_RECORDING_DELETE,
  // Not of SQLite: put in by `swl_recording_mark`, `offset` is its number.
  SWL_RECORDING_MARK,
};

struct swl_recording_entry {
  enum swl_recording_kind kind;
  // The file's name within the folder; NULL for a mark. Lives as long as the recording's log, as do `bytes`.
  const char *name;
  int64_t offset;
  const void *bytes;
  int64_t count;
  // Of a sync or a deletion: the folder was synced as well, and with it which names it has.
  int syncs_folder;
};

struct swl_recording;

// Becomes SQLite's default VFS and logs what is done to files directly in `folder` (an absolute path without a slash at its end)
// that are opened from now on. Files elsewhere are the former default's own business. One recording at a time.
// Returns 0, -ENOMEM, or -ENODEV when SQLite has no VFS.
int swl_recording_start(const char *folder, struct swl_recording **ret_recording);
// Gives the default back; files still open are logged on.
void swl_recording_stop(struct swl_recording *recording);
// Puts a mark after what was logged so far. Returns 0 or -ENOMEM.
int swl_recording_mark(struct swl_recording *recording, int64_t number);
int64_t swl_recording_count(struct swl_recording *recording);
// Returns 0, -ERANGE when there is no such entry, or -ENOMEM when an earlier one could not be kept and the log is worth nothing.
int swl_recording_entry_at(struct swl_recording *recording, int64_t index, struct swl_recording_entry *ret_entry);
// Frees the log. The VFS itself, a few hundred bytes, stays: connections that other tests opened meanwhile point to it.
void swl_recording_free_log(struct swl_recording *recording);

#endif
