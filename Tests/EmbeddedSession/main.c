// Runs the session of Model.swift with one thread and with three.
#include <stdint.h>
#include <stdio.h>

int32_t run_session(int32_t threads);

int main(void) {
  int32_t failed = 0;
  for (int32_t threads = 1; threads <= 3; threads += 2) {
    int32_t wrong = run_session(threads);
    if (wrong != 0) {
      printf("%d threads: %d\n", threads, wrong);
      failed++;
    }
  }
  printf("%d passed, %d failed\n", 2 - failed, failed);
  return failed > 0;
}
