// What the compiler expects of a C library. There is no allocator among it: a program that would allocate doesn't link.
#include <stddef.h>
#include <stdint.h>

#define SELF __attribute__((used, no_builtin))

SELF void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  uint8_t *t = to;
  const uint8_t *f = from;
  if ((((uintptr_t)t | (uintptr_t)f) & 3) == 0) {
    for (; count >= 4; count -= 4, t += 4, f += 4) *(uint32_t *)(void *)t = *(const uint32_t *)(const void *)f;
  }
  while (count-- > 0) *t++ = *f++;
  return to;
}

SELF void *memmove(void *to, const void *from, size_t count) {
  uint8_t *t = to;
  const uint8_t *f = from;
  if (t < f) {
    while (count-- > 0) *t++ = *f++;
  } else {
    while (count-- > 0) t[count] = f[count];
  }
  return to;
}

SELF void *memset(void *to, int value, size_t count) {
  uint8_t *t = to;
  while (count-- > 0) *t++ = (uint8_t)value;
  return to;
}

SELF void __aeabi_memcpy(void *to, const void *from, size_t count) { memcpy(to, from, count); }
SELF void __aeabi_memcpy4(void *to, const void *from, size_t count) { memcpy(to, from, count); }
SELF void __aeabi_memcpy8(void *to, const void *from, size_t count) { memcpy(to, from, count); }
SELF void __aeabi_memmove(void *to, const void *from, size_t count) { memmove(to, from, count); }
SELF void __aeabi_memmove4(void *to, const void *from, size_t count) { memmove(to, from, count); }
SELF void __aeabi_memmove8(void *to, const void *from, size_t count) { memmove(to, from, count); }
SELF void __aeabi_memset(void *to, size_t count, int value) { memset(to, value, count); }
SELF void __aeabi_memset4(void *to, size_t count, int value) { memset(to, value, count); }
SELF void __aeabi_memset8(void *to, size_t count, int value) { memset(to, value, count); }
SELF void __aeabi_memclr(void *to, size_t count) { memset(to, 0, count); }
SELF void __aeabi_memclr4(void *to, size_t count) { memset(to, 0, count); }
SELF void __aeabi_memclr8(void *to, size_t count) { memset(to, 0, count); }

// Shifts of 64 bits by amounts known at run time only.
SELF uint64_t __aeabi_llsl(uint64_t value, int by) {
  uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);
  if (by >= 32) return (uint64_t)(low << (by - 32)) << 32;
  if (by == 0) return value;
  return (uint64_t)(high << by | low >> (32 - by)) << 32 | low << by;
}

SELF uint64_t __aeabi_llsr(uint64_t value, int by) {
  uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);
  if (by >= 32) return high >> (by - 32);
  if (by == 0) return value;
  return (uint64_t)(high >> by) << 32 | (low >> by | high << (32 - by));
}

uintptr_t __stack_chk_guard = 0x5AFE57ACu;
SELF _Noreturn void __stack_chk_fail(void) {
  // An undefined instruction: the fault's handler takes the power off the gate.
  __builtin_trap();
}
