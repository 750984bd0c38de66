// What a processor's arithmetic could do at best: the instructions of the product kernels on registers alone.
#ifndef SWL_PROBE_H
#define SWL_PROBE_H

#include "swl_kernel.h"

// Runs `turns` turns of the multiplications that the set's kernels are made of, 8-bit or float, and returns how many
// multiplications that was; 0 where the set has no instructions of its own.
int64_t swl_probe_products(enum swl_instruction_set set, bool is_float, int64_t turns);

#endif
