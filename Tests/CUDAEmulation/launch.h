// Runs emulated kernels.
#pragma once

#include "emulation.h"

#include <stddef.h>

struct swl_emulated_kernel {
  const char *name;
  void (*run)(const void *arguments);
  size_t argument_size;
  uint32_t threads;
  bool waits;
};

// Every kernel, ended by one without a name.
extern const swl_emulated_kernel swl_emulated_kernels[];

void swl_emulate(const swl_emulated_kernel *kernel, swl_emulated_index grid, const void *arguments);
