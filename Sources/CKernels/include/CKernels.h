// The C kernels of the CPU runtime.
#ifndef CKERNELS_H
#define CKERNELS_H

#include "swl_convolution.h"
#include "swl_crc32c.h"
#include "swl_elementwise.h"
#include "swl_integer.h"
#include "swl_kernel.h"
#include "swl_linear_bytes.h"
#include "swl_matrix.h"
#include "swl_memory.h"
#include "swl_movement.h"
#include "swl_pooling.h"
#include "swl_probe.h"
#include "swl_quadratic.h"
#include "swl_recurrence.h"
#include "swl_reduction.h"
#include "swl_sequence.h"
#include "swl_statistics.h"
#include "swl_team.h"
#include "swl_whole.h"
#include "swl_winograd.h"

#endif
