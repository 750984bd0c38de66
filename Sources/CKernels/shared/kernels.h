// Declares every kernel of every family from the families' lists.
#ifndef SWL_KERNELS_H
#define SWL_KERNELS_H

#include "swl_kernel.h"

#define SWL_KERNEL(name, set, rows, columns, depth) void name(const void *arguments, void *scratch, int64_t begin, int64_t end);
#include "../dispatch/families.inc"
#undef SWL_KERNEL

#endif
