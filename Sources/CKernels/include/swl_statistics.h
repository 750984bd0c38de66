#ifndef SWL_STATISTICS_H
#define SWL_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>

// What calibration adds up over the elements of tensors. Plain loops: the compiler makes vectors of them; results don't depend on how.

// square[i * count + j] += vector[i] * vector[j].
void swl_add_outer_product(const float *vector, int64_t count, float *square);

// Widens *lower and *upper by the finite elements, and adds their squares to *squares.
void swl_add_range(const float *elements, int64_t count, float *lower, float *upper, double *squares);

// Adds each finite element to its bin: bin_count of the width 1 / factor from lower on, those outside to the outermost ones.
void swl_count_bins(const float *elements, int64_t count, float lower, float factor, double *bins, int64_t bin_count);

// Adds the elements to the sums where all are finite, and says whether they are.
bool swl_add_finite(const float *elements, int64_t count, double *sums);

// For each of the channels, whose planes follow each other, takes the elements at count positions to the taps of its part of patch, which
// has tap_count taps a channel; the others become zero.
void swl_gather_taps(const float *planes, int64_t channels, int64_t plane, const int32_t *positions, const int32_t *taps, int64_t count,
                     int64_t tap_count, float *patch);

// A histogram told in 256 levels: level = round(value / scale) + zero_point, ties to even, within 0…255.
// The sum of counts[i] × (values[i] − the value of its level)².
double swl_level_error(const float *values, const double *counts, int64_t count, float scale, int32_t zero_point);
// How much is lost, in nats, when what lies within lower…upper, with what lies outside added at its ends, is told by levels that are even
// within (Kullback-Leibler divergence); infinite where nothing lies within.
double swl_level_divergence(const float *values, const double *counts, int64_t count, float lower, float upper, float scale, int32_t zero_point);

#endif
