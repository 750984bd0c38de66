// Calls a library's functions by their own names, with whole numbers, addresses and floats, on several threads.
#include <pthread.h>
#include <stdio.h>

#if defined(CALLS_LIBM)
double pow(double, double);
double ldexp(double, int);
double fma(double, double, double);
static int is_right(void) {
  volatile double three = 3, four = 4, half = 0.5;
  return pow(three, four) == 81 && ldexp(half, 5) == 16 && fma(three, four, half) == 12.5;
}
#else
unsigned long ZSTD_compress(void *, unsigned long, const void *, unsigned long, int);
unsigned long ZSTD_decompress(void *, unsigned long, const void *, unsigned long);
static int is_right(void) {
  char packed[100], unpacked[40] = "";
  const unsigned long size = ZSTD_compress(packed, sizeof packed, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 32, 3);
  return size < 32 && ZSTD_decompress(unpacked, sizeof unpacked, packed, size) == 32 && unpacked[0] == 'a' && unpacked[31] == 'a' && unpacked[32] == 0;
}
#endif

static void *call(void *ret_right) { return *(int *)ret_right = is_right(), NULL; }

const char *swl_delayed_open_all(void);

int main(int count, char **arguments) {
  // Called with an argument, it calls no library's function, or opens all.
  if (count > 1 && arguments[1][0] == 'a') {
    const char *reason = swl_delayed_open_all();
    return puts(reason ? reason : "all open") == EOF;
  }
  if (count > 1) return puts("nothing called") == EOF;
  pthread_t threads[4];
  int right[4] = {0};
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, call, &right[i]);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < 4; i++) {
    if (!right[i]) return 1;
  }
  return puts("right") == EOF;
}
