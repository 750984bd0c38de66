#include "swl_crc32c.h"

#include <pthread.h>
#include <string.h>

#if defined(__aarch64__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#elif defined(__x86_64__)
#include <nmmintrin.h>
#endif

#define POLYNOMIAL 0x82F63B78u

static uint32_t tables[8][256];
static pthread_once_t tables_made = PTHREAD_ONCE_INIT;

static void make_tables(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
    tables[0][i] = crc;
  }
  for (int slice = 1; slice < 8; slice++) {
    for (int i = 0; i < 256; i++) tables[slice][i] = tables[0][tables[slice - 1][i] & 0xFF] ^ tables[slice - 1][i] >> 8;
  }
}

// Method: M. E. Kounavis and F. L. Berry, "A Systematic Approach to Building High Performance Software-based CRC Generators", 2005.
uint32_t swl_crc32c_by_table(uint32_t state, const void *bytes, int64_t count) {
  pthread_once(&tables_made, make_tables);
  const uint8_t *at = bytes;
  for (; count >= 8; count -= 8, at += 8) {
    const uint32_t low = state ^ ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
    state = tables[7][low & 0xFF] ^ tables[6][low >> 8 & 0xFF] ^ tables[5][low >> 16 & 0xFF] ^ tables[4][low >> 24] ^ tables[3][at[4]] ^ tables[2][at[5]] ^
            tables[1][at[6]] ^ tables[0][at[7]];
  }
  for (; count > 0; count--) state = tables[0][(state ^ *at++) & 0xFF] ^ state >> 8;
  return state;
}

#if defined(__x86_64__)
#define HAS_INSTRUCTION __builtin_cpu_supports("sse4.2")
#define TARGET __attribute__((target("sse4.2")))
#define EIGHT(state, value) (uint32_t)_mm_crc32_u64(state, value)
#define ONE(state, value) _mm_crc32_u8(state, value)
#elif defined(__aarch64__)
#define HAS_INSTRUCTION ((getauxval(AT_HWCAP) & HWCAP_CRC32) != 0)
#define TARGET __attribute__((target("+crc")))
#define EIGHT(state, value) __crc32cd(state, value)
#define ONE(state, value) __crc32cb(state, value)
#endif

#if defined(HAS_INSTRUCTION)
// Thirds of so many bytes are summed side by side, since each instruction waits for the one before.
#define LEAST_IN_THIRDS 4096

// The product of two polynomials modulo the sum's; the highest bit is x^0.
static uint32_t product(uint32_t a, uint32_t b) {
  uint32_t sum = 0;
  for (int i = 31; i >= 0; i--) {
    sum ^= b & -(a >> i & 1);
    b = b >> 1 ^ (POLYNOMIAL & -(b & 1));
  }
  return sum;
}

// x^exponent: what that many bits of zeros do to a state.
static uint32_t power(uint64_t exponent) {
  uint32_t result = 1u << 31, square = 1u << 30;
  for (; exponent != 0; exponent >>= 1, square = product(square, square)) {
    if (exponent & 1) result = product(result, square);
  }
  return result;
}

TARGET static uint32_t by_instruction(uint32_t state, const uint8_t *at, int64_t count) {
  if (count >= LEAST_IN_THIRDS) {
    const int64_t third = count / 24 * 8;
    uint32_t second = 0, last = 0;
    for (int64_t i = 0; i < third; i += 8) {
      uint64_t one, two, three;
      memcpy(&one, at + i, sizeof one), memcpy(&two, at + third + i, sizeof two), memcpy(&three, at + 2 * third + i, sizeof three);
      state = EIGHT(state, one), second = EIGHT(second, two), last = EIGHT(last, three);
    }
    const uint32_t zeros = power((uint64_t)third * 8);
    state = product(product(state, zeros) ^ second, zeros) ^ last;
    at += 3 * third, count -= 3 * third;
  }
  for (; count >= 8; count -= 8, at += 8) {
    uint64_t eight;
    memcpy(&eight, at, sizeof eight);
    state = EIGHT(state, eight);
  }
  for (; count > 0; count--) state = ONE(state, *at++);
  return state;
}

uint32_t swl_crc32c(uint32_t state, const void *bytes, int64_t count) {
  return HAS_INSTRUCTION ? by_instruction(state, bytes, count) : swl_crc32c_by_table(state, bytes, count);
}
#else
uint32_t swl_crc32c(uint32_t state, const void *bytes, int64_t count) { return swl_crc32c_by_table(state, bytes, count); }
#endif
