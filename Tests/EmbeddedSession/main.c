// Runs the sessions of Model.swift with one thread and with three, then the cases of the bundles that are named.
// Usage: session [BUNDLE]…
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int32_t run_session(int32_t threads);
int32_t run_whole_session(int32_t threads);
int32_t run_bundle(const uint8_t *start, intptr_t count, int32_t threads);

static uint8_t *contents(const char *path, intptr_t *count) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) return NULL;
  *count = ftell(file);
  rewind(file);
  uint8_t *bytes = malloc((size_t)*count);
  if (bytes == NULL || fread(bytes, 1, (size_t)*count, file) != (size_t)*count) return NULL;
  fclose(file);
  return bytes;
}

int main(int count, char **arguments) {
  int32_t failed = 0;
  for (int32_t threads = 1; threads <= 3; threads += 2) {
    int32_t wrong[] = {run_session(threads), run_whole_session(threads)};
    for (int i = 0; i < 2; i++) {
      if (wrong[i] == 0) continue;
      printf("session %d, %d threads: %d\n", i, threads, wrong[i]);
      failed++;
    }
  }
  printf("%d passed, %d failed\n", 4 - failed, failed);
  for (int i = 1; i < count; i++) {
    intptr_t size = 0;
    uint8_t *bytes = contents(arguments[i], &size);
    int32_t wrong = bytes == NULL ? -1 : run_bundle(bytes, size, 2);
    if (wrong < 0) printf("%s can't be read\n", arguments[i]);
    else printf("  %d cases failed\n", wrong);
    failed += wrong != 0;
    free(bytes);
  }
  return failed > 0;
}
