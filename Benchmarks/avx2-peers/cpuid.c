// Answers `cpuid` as a processor that ends at AVX2 would. `make-environment` replaces the instruction by one that traps, in a copy of the
// programs that shall believe it; this library, loaded before them, answers the trap.
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

// Leaf 7: AVX-512's parts, VNNI, AMX; of its second page AVX-VNNI and what came with it.
enum {
  LEAF7_EBX = 1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 30 | 1u << 31,
  LEAF7_ECX = 1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14,
  LEAF7_EDX = 1u << 2 | 1u << 3 | 1u << 8 | 1u << 22 | 1u << 23 | 1u << 24 | 1u << 25,
  LEAF7_1_EAX = 1u << 4 | 1u << 5 | 1u << 21 | 1u << 23,
  LEAF7_1_EDX = 1u << 4 | 1u << 5 | 1u << 8 | 1u << 10 | 1u << 19,
};

static void answer(int number, siginfo_t *information, void *context) {
  (void)information;
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  const unsigned char *instruction = (const unsigned char *)registers[REG_RIP];
  if (instruction[0] != 0x0f || instruction[1] != 0x0b) {
    signal(number, SIG_DFL);
    return;
  }
  uint32_t leaf = (uint32_t)registers[REG_RAX], page = (uint32_t)registers[REG_RCX], a, b, c, d;
  __cpuid_count(leaf, page, a, b, c, d);
  if (leaf == 7 && page == 0) {
    b &= ~(uint32_t)LEAF7_EBX;
    c &= ~(uint32_t)LEAF7_ECX;
    d &= ~(uint32_t)LEAF7_EDX;
  } else if (leaf == 7 && page == 1) {
    a &= ~(uint32_t)LEAF7_1_EAX;
    d &= ~(uint32_t)LEAF7_1_EDX;
  }
  registers[REG_RAX] = a;
  registers[REG_RBX] = b;
  registers[REG_RCX] = c;
  registers[REG_RDX] = d;
  registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void listen(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = answer;
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  sigaction(SIGILL, &action, NULL);
}
