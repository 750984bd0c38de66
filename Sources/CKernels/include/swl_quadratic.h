#ifndef SWL_QUADRATIC_H
#define SWL_QUADRATIC_H

#include <stdint.h>

// Symmetric matrices of mean products, as calibration rounds weights by them: size × size, row by row. Plain loops: the compiler makes vectors
// of them; results don't depend on how.

// The upper triangular U with Uᵀ × U = square⁻¹; zeros below. What isn't positive definite is taken for a hair's breadth of it. scratch has size² elements.
void swl_inverse_factor(const double *square, int64_t size, double *scratch, double *ret_factor);

// vᵀ × square × v of four vectors v, whose elements take turns: vectors[4 * i + lane].
void swl_quadratic_forms(const double *square, int64_t size, const double *vectors, double *ret_sums);

// Rounds values[i] / scale to whole numbers within ±largest, ties to even, from the first on; each error is made up for by the values behind
// it, as far as factor (of swl_inverse_factor) says. The values are spent.
void swl_round_compensating(const double *factor, int64_t size, double scale, double largest, double *values, double *ret_integers);

#endif
