#include "swl_quadratic.h"

#include <math.h>

// The lanes are added in one order, whatever vectors the compiler makes of them.
static double dot(const double *restrict a, const double *restrict b, int64_t count) {
  double sums[4] = {0};
  int64_t index = 0;
  for (; index + 4 <= count; index += 4) {
    for (int lane = 0; lane < 4; lane++) sums[lane] += a[index + lane] * b[index + lane];
  }
  for (; index < count; index++) sums[0] += a[index] * b[index];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static void subtract_multiple(double *restrict from, const double *restrict row, double factor, int64_t count) {
  for (int64_t index = 0; index < count; index++) from[index] -= factor * row[index];
}

void swl_inverse_factor(const double *square, int64_t size, double *scratch, double *ret_factor) {
  // square = M × Mᵀ with M upper triangular, from the last row to the first; then M⁻¹, whose rows only need those below them.
  double *m = scratch;
  for (int64_t column = size - 1; column >= 0; column--) {
    const int64_t behind = column + 1;
    for (int64_t row = column; row >= 0; row--) {
      const double sum = square[row * size + column] - dot(m + row * size + behind, m + column * size + behind, size - behind);
      m[row * size + column] = row == column ? sqrt(sum > 1e-18 ? sum : 1e-18) : sum / m[column * size + column];
    }
  }
  for (int64_t row = size - 1; row >= 0; row--) {
    double *result = ret_factor + row * size;
    for (int64_t column = 0; column < size; column++) result[column] = column == row ? 1 : 0;
    for (int64_t below = row + 1; below < size; below++) {
      subtract_multiple(result + below, ret_factor + below * size + below, m[row * size + below], size - below);
    }
    for (int64_t column = row; column < size; column++) result[column] /= m[row * size + row];
  }
}

void swl_quadratic_forms(const double *square, int64_t size, const double *vectors, double *ret_sums) {
  double sums[4] = {0};
  for (int64_t row = 0; row < size; row++) {
    const double *products = square + row * size;
    double even[4] = {0}, odd[4] = {0};
    int64_t column = 0;
    for (; column + 2 <= row; column += 2) {
      for (int lane = 0; lane < 4; lane++) even[lane] += products[column] * vectors[4 * column + lane];
      for (int lane = 0; lane < 4; lane++) odd[lane] += products[column + 1] * vectors[4 * column + 4 + lane];
    }
    for (; column < row; column++) {
      for (int lane = 0; lane < 4; lane++) even[lane] += products[column] * vectors[4 * column + lane];
    }
    for (int lane = 0; lane < 4; lane++) {
      const double own = vectors[4 * row + lane];
      sums[lane] += own * (products[row] * own + 2 * (even[lane] + odd[lane]));
    }
  }
  for (int lane = 0; lane < 4; lane++) ret_sums[lane] = sums[lane];
}

void swl_round_compensating(const double *factor, int64_t size, double scale, double largest, double *values, double *ret_integers) {
  for (int64_t index = 0; index < size; index++) {
    const double level = nearbyint(values[index] / scale);
    const double integer = isfinite(level) ? (level < -largest ? -largest : level > largest ? largest : level) : 0;
    ret_integers[index] = integer;
    const double *row = factor + index * size;
    subtract_multiple(values + index + 1, row + index + 1, (values[index] - integer * scale) / row[index], size - index - 1);
  }
}
