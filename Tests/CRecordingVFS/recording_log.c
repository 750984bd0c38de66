#include "recording_log.h"

#include <stdlib.h>
#include <string.h>

static int make_room(struct swl_recording *recording) {
  if (recording->count < recording->capacity) return 0;
  int64_t capacity = recording->capacity ? 2 * recording->capacity : 256;
  struct swl_recording_entry *entries = realloc(recording->entries, (size_t)capacity * sizeof *entries);
  if (!entries) return -ENOMEM;
  recording->entries = entries;
  recording->capacity = capacity;
  return 0;
}

static int copy(struct swl_recording_entry *entry) {
  char *name = entry->name ? strdup(entry->name) : NULL;
  void *bytes = entry->count > 0 ? malloc((size_t)entry->count) : NULL;
  if ((entry->name && !name) || (entry->count > 0 && !bytes)) {
    free(name);
    free(bytes);
    return -ENOMEM;
  }
  if (bytes) memcpy(bytes, entry->bytes, (size_t)entry->count);
  entry->name = name;
  entry->bytes = bytes;
  return 0;
}

int recording_log(struct swl_recording *recording, struct swl_recording_entry entry) {
  pthread_mutex_lock(&recording->mutex);
  int status = make_room(recording);
  if (status == 0) status = copy(&entry);
  if (status == 0) recording->entries[recording->count++] = entry;
  if (status < 0) recording->failure = status;
  pthread_mutex_unlock(&recording->mutex);
  return status;
}

int swl_recording_mark(struct swl_recording *recording, int64_t number) {
  return recording_log(recording, (struct swl_recording_entry){SWL_RECORDING_MARK, NULL, number, NULL, 0, 0});
}

int64_t swl_recording_count(struct swl_recording *recording) {
  pthread_mutex_lock(&recording->mutex);
  int64_t count = recording->count;
  pthread_mutex_unlock(&recording->mutex);
  return count;
}

int swl_recording_entry_at(struct swl_recording *recording, int64_t index, struct swl_recording_entry *ret_entry) {
  pthread_mutex_lock(&recording->mutex);
  int status = recording->failure;
  if (status == 0 && (index < 0 || index >= recording->count)) status = -ERANGE;
  if (status == 0) *ret_entry = recording->entries[index];
  pthread_mutex_unlock(&recording->mutex);
  return status;
}

void swl_recording_free_log(struct swl_recording *recording) {
  pthread_mutex_lock(&recording->mutex);
  for (int64_t i = 0; i < recording->count; i++) {
    free((void *)recording->entries[i].name);
    free((void *)recording->entries[i].bytes);
  }
  free(recording->entries);
  recording->entries = NULL;
  recording->count = recording->capacity = 0;
  pthread_mutex_unlock(&recording->mutex);
}
