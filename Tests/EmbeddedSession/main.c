// Runs the sessions of Model.swift with one thread and with three.
#include <stdint.h>
#include <stdio.h>

int32_t run_session(int32_t threads);
int32_t run_whole_session(int32_t threads);

int main(void) {
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
  return failed > 0;
}
