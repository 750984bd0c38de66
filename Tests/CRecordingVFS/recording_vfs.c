// The VFS: opening, deleting, and a file's methods. What is logged is what succeeded.
#include "recording_log.h"

#include <stdlib.h>
#include <string.h>

struct recorded_file {
  sqlite3_file file;
  struct swl_recording *recording;
  // Within the folder; owned by SQLite, which keeps it until the file is closed.
  const char *name;
  // As the unix VFS does: the first sync of a new journal or log syncs its folder, too.
  int syncs_folder;
  // The former default's file, right behind this struct.
  sqlite3_file *real;
};

static struct recorded_file *of(sqlite3_file *file) { return (struct recorded_file *)file; }
static sqlite3_file *real(sqlite3_file *file) { return of(file)->real; }

static int close_file(sqlite3_file *file) { return real(file)->pMethods->xClose(real(file)); }

static int read_file(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
  return real(file)->pMethods->xRead(real(file), bytes, count, offset);
}

static int write_file(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
  int status = real(file)->pMethods->xWrite(real(file), bytes, count, offset);
  if (status == SQLITE_OK)
    recording_log(of(file)->recording, (struct swl_recording_entry){SWL_RECORDING_WRITE, of(file)->name, offset, bytes, count, 0});
  return status;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size) {
  int status = real(file)->pMethods->xTruncate(real(file), size);
  if (status == SQLITE_OK) recording_log(of(file)->recording, (struct swl_recording_entry){SWL_RECORDING_TRUNCATE, of(file)->name, size, NULL, 0, 0});
  return status;
}

static int sync_file(sqlite3_file *file, int flags) {
  int status = real(file)->pMethods->xSync(real(file), flags);
  if (status != SQLITE_OK) return status;
  recording_log(of(file)->recording, (struct swl_recording_entry){SWL_RECORDING_SYNC, of(file)->name, 0, NULL, 0, of(file)->syncs_folder});
  of(file)->syncs_folder = 0;
  return status;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size) { return real(file)->pMethods->xFileSize(real(file), ret_size); }
static int lock(sqlite3_file *file, int level) { return real(file)->pMethods->xLock(real(file), level); }
static int unlock(sqlite3_file *file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
static int check_lock(sqlite3_file *file, int *ret_held) { return real(file)->pMethods->xCheckReservedLock(real(file), ret_held); }
static int control(sqlite3_file *file, int operation, void *argument) {
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
static int sector_size(sqlite3_file *file) { return real(file)->pMethods->xSectorSize(real(file)); }
static int characteristics(sqlite3_file *file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
static int map_shared(sqlite3_file *file, int page, int size, int extend, void volatile **ret_memory) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, ret_memory);
}
static int lock_shared(sqlite3_file *file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
static void barrier(sqlite3_file *file) { real(file)->pMethods->xShmBarrier(real(file)); }
static int unmap_shared(sqlite3_file *file, int deletes) { return real(file)->pMethods->xShmUnmap(real(file), deletes); }

// Version 2, without memory mapping: what was written through a mapping could not be logged.
static const sqlite3_io_methods methods = {
    2,       close_file,  read_file, write_file,    truncate_file, sync_file,  file_size,   lock,    unlock, check_lock,
    control, sector_size, characteristics, map_shared, lock_shared, barrier, unmap_shared, NULL, NULL,
};

static struct swl_recording *recording_of(sqlite3_vfs *vfs) { return (struct swl_recording *)vfs; }

// The name within the recorded folder, NULL for a file elsewhere.
static const char *name_within(struct swl_recording *recording, const char *path) {
  size_t length = strlen(recording->folder);
  if (!path || strncmp(path, recording->folder, length) != 0 || path[length] != '/') return NULL;
  return strchr(path + length + 1, '/') ? NULL : path + length + 1;
}

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *ret_flags) {
  struct swl_recording *recording = recording_of(vfs);
  const char *name = name_within(recording, path);
  if (!name) return recording->base->xOpen(recording->base, path, file, flags, ret_flags);
  struct recorded_file *recorded = of(file);
  *recorded = (struct recorded_file){.recording = recording, .name = name, .real = (sqlite3_file *)(recorded + 1)};
  int status = recording->base->xOpen(recording->base, path, recorded->real, flags, ret_flags);
  if (status != SQLITE_OK) return status;
  recorded->syncs_folder = (flags & SQLITE_OPEN_CREATE) && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL));
  recorded->file.pMethods = &methods;
  recording_log(recording, (struct swl_recording_entry){SWL_RECORDING_OPEN, name, 0, NULL, 0, 0});
  return status;
}

static int delete_file(sqlite3_vfs *vfs, const char *path, int syncs_folder) {
  struct swl_recording *recording = recording_of(vfs);
  int status = recording->base->xDelete(recording->base, path, syncs_folder);
  const char *name = name_within(recording, path);
  if (status == SQLITE_OK && name) recording_log(recording, (struct swl_recording_entry){SWL_RECORDING_DELETE, name, 0, NULL, 0, syncs_folder});
  return status;
}

int swl_recording_start(const char *folder, struct swl_recording **ret_recording) {
  sqlite3_vfs *base = sqlite3_vfs_find(NULL);
  if (!base) return -ENODEV;
  struct swl_recording *recording = calloc(1, sizeof *recording);
  char *copy = strdup(folder);
  if (!recording || !copy) {
    free(recording);
    free(copy);
    return -ENOMEM;
  }
  // All other methods are the base's own; they look only at its fields, which are copied.
  recording->vfs = *base;
  recording->vfs.pNext = NULL;
  recording->vfs.zName = "swl_recording";
  recording->vfs.szOsFile = (int)sizeof(struct recorded_file) + base->szOsFile;
  recording->vfs.xOpen = open_file;
  recording->vfs.xDelete = delete_file;
  recording->base = base;
  recording->folder = copy;
  pthread_mutex_init(&recording->mutex, NULL);
  sqlite3_vfs_register(&recording->vfs, 1);
  *ret_recording = recording;
  return 0;
}

void swl_recording_stop(struct swl_recording *recording) {
  sqlite3_vfs_register(recording->base, 1);
  sqlite3_vfs_unregister(&recording->vfs);
}
