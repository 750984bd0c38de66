// Calls to libraries that most runs don't need. Each function stands here under its own name, so that the linker looks for it nowhere else; the first
// call to one of a library opens that and finds all of its functions, so that later ones neither allocate nor wait. Otherwise the system's loader opens
// and relocates every library before `main`, which docs/performance.md counts. A service opens all of them before it is ready.
//
// build/link/delayed.inc, which Packaging/link/delay writes, says LIBRARY(number, its file's name) and FUNCTION(number, name).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct function {
  void *address; // at first of what finds it
  const char *name;
  long library;
};

// The linker gives a section's ends such names.
extern struct function __start_swl_delayed[] __attribute__((visibility("hidden"))), __stop_swl_delayed[] __attribute__((visibility("hidden")));

#define LIBRARY(number, file) [number] = file,
#define FUNCTION(number, name)
static const char *const files[] = {
#include "delayed.inc"
    NULL};
#undef LIBRARY
#undef FUNCTION

// As the loader does where a library isn't there.
static void fail(const char *reason) {
  char line[512];
  const int count = snprintf(line, sizeof line, "swiftlet: %s: install the library's package\n", reason);
  const ssize_t ignored = write(STDERR_FILENO, line, count < (int)sizeof line ? (size_t)count : sizeof line - 1);
  (void)ignored;
  _exit(127);
}

// Finds a library's functions; why they can't be found, or NULL. Several threads may do this at once, and find the same.
static const char *open_library(long library) {
  void *handle = dlopen(files[library], RTLD_NOW | RTLD_LOCAL);
  for (struct function *each = __start_swl_delayed; handle && each < __stop_swl_delayed; each++) {
    if (each->library != library) continue;
    void *address = dlsym(handle, each->name);
    if (!address) handle = NULL;
    if (address) __atomic_store_n(&each->address, address, __ATOMIC_RELEASE);
  }
  if (handle) return NULL;
  const char *reason = dlerror();
  return reason ? reason : "a library lacks a function";
}

__attribute__((visibility("hidden"), used)) void *swl_delayed_find(const struct function *wanted) {
  const char *reason = open_library(wanted->library);
  if (reason) fail(reason);
  return __atomic_load_n(&wanted->address, __ATOMIC_ACQUIRE);
}

// All of them at once, for a service that must not end later; gives why one can't be opened, or NULL. See swl_libraries.h.
__attribute__((visibility("hidden"), used)) const char *swl_delayed_open_all(void) {
  const char *reason = NULL;
  for (long library = 0; files[library] && !reason; library++) reason = open_library(library);
  return reason;
}

#define TEXT(value) #value
#define RECORD(number, name)                                                                                           \
  ".pushsection swl_delayed, \"aw\"\n.balign 8\nswl_delayed_" #name ": .quad 1b, 2f, " TEXT(number) "\n.popsection\n"   \
  ".pushsection .rodata.str, \"a\"\n2: .asciz \"" #name "\"\n.popsection\n"
#define GLOBAL(name) ".text\n.balign 16\n.globl " #name "\n.hidden " #name "\n.type " #name ", %function\n" #name ":\n"

#define LIBRARY(number, file)
#if defined(__x86_64__)
#define FUNCTION(number, name)                                                                                         \
  __asm__(GLOBAL(name) "jmp *swl_delayed_" #name "(%rip)\n1: lea swl_delayed_" #name "(%rip), %r11\njmp swl_delayed_enter\n" RECORD(number, name));
// Keeps what carries arguments.
__asm__(".text\nswl_delayed_enter:\npush %rbp\nmov %rsp, %rbp\nsub $192, %rsp\n"
        "mov %rax, (%rsp)\nmov %rdi, 8(%rsp)\nmov %rsi, 16(%rsp)\nmov %rdx, 24(%rsp)\nmov %rcx, 32(%rsp)\nmov %r8, 40(%rsp)\nmov %r9, 48(%rsp)\n"
        "movaps %xmm0, 64(%rsp)\nmovaps %xmm1, 80(%rsp)\nmovaps %xmm2, 96(%rsp)\nmovaps %xmm3, 112(%rsp)\n"
        "movaps %xmm4, 128(%rsp)\nmovaps %xmm5, 144(%rsp)\nmovaps %xmm6, 160(%rsp)\nmovaps %xmm7, 176(%rsp)\n"
        "mov %r11, %rdi\ncall swl_delayed_find\nmov %rax, %r11\n"
        "movaps 176(%rsp), %xmm7\nmovaps 160(%rsp), %xmm6\nmovaps 144(%rsp), %xmm5\nmovaps 128(%rsp), %xmm4\n"
        "movaps 112(%rsp), %xmm3\nmovaps 96(%rsp), %xmm2\nmovaps 80(%rsp), %xmm1\nmovaps 64(%rsp), %xmm0\n"
        "mov 48(%rsp), %r9\nmov 40(%rsp), %r8\nmov 32(%rsp), %rcx\nmov 24(%rsp), %rdx\nmov 16(%rsp), %rsi\nmov 8(%rsp), %rdi\nmov (%rsp), %rax\n"
        "leave\njmp *%r11\n");
#elif defined(__aarch64__)
#define FUNCTION(number, name)                                                                                         \
  __asm__(GLOBAL(name) "adrp x16, swl_delayed_" #name "\nldr x16, [x16, :lo12:swl_delayed_" #name "]\nbr x16\n1: adrp x17, swl_delayed_" #name                \
                       "\nadd x17, x17, :lo12:swl_delayed_" #name "\nb swl_delayed_enter\n" RECORD(number, name));
__asm__(".text\nswl_delayed_enter:\nstp x29, x30, [sp, #-224]!\nmov x29, sp\nstp x0, x1, [sp, #16]\nstp x2, x3, [sp, #32]\nstp x4, x5, [sp, #48]\n"
        "stp x6, x7, [sp, #64]\nstr x8, [sp, #80]\nstp q0, q1, [sp, #96]\nstp q2, q3, [sp, #128]\nstp q4, q5, [sp, #160]\nstp q6, q7, [sp, #192]\n"
        "mov x0, x17\nbl swl_delayed_find\nmov x16, x0\n"
        "ldp q6, q7, [sp, #192]\nldp q4, q5, [sp, #160]\nldp q2, q3, [sp, #128]\nldp q0, q1, [sp, #96]\nldr x8, [sp, #80]\nldp x6, x7, [sp, #64]\n"
        "ldp x4, x5, [sp, #48]\nldp x2, x3, [sp, #32]\nldp x0, x1, [sp, #16]\nldp x29, x30, [sp], #224\nbr x16\n");
#endif
#include "delayed.inc"
