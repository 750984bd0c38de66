#include "swl_statistics.h"

#include <math.h>

void swl_add_outer_product(const float *restrict vector, int64_t count, float *restrict square) {
  for (int64_t row = 0; row < count; row++) {
    const float factor = vector[row];
    if (factor == 0) continue;
    float *restrict sums = square + row * count;
    for (int64_t column = 0; column < count; column++) sums[column] += factor * vector[column];
  }
}

void swl_add_range(const float *elements, int64_t count, float *lower, float *upper, double *squares) {
  float least = *lower, greatest = *upper;
  double sum = 0;
  for (int64_t index = 0; index < count; index++) {
    const float element = elements[index];
    if (!isfinite(element)) continue;
    least = element < least ? element : least;
    greatest = element > greatest ? element : greatest;
    sum += (double)element * element;
  }
  *lower = least;
  *upper = greatest;
  *squares += sum;
}

void swl_count_bins(const float *elements, int64_t count, float lower, float factor, double *bins, int64_t bin_count) {
  const float last = (float)(bin_count - 1);
  for (int64_t index = 0; index < count; index++) {
    if (!isfinite(elements[index])) continue;
    const float place = (elements[index] - lower) * factor;
    bins[(int64_t)(place > 0 ? (place < last ? place : last) : 0)] += 1;
  }
}

bool swl_add_finite(const float *elements, int64_t count, double *sums) {
  for (int64_t index = 0; index < count; index++) {
    if (!isfinite(elements[index])) return false;
  }
  for (int64_t index = 0; index < count; index++) sums[index] += elements[index];
  return true;
}

void swl_gather_taps(const float *planes, int64_t channels, int64_t plane, const int32_t *positions, const int32_t *taps, int64_t count,
                     int64_t tap_count, float *patch) {
  for (int64_t index = 0; index < channels * tap_count; index++) patch[index] = 0;
  for (int64_t channel = 0; channel < channels; channel++) {
    for (int64_t index = 0; index < count; index++) patch[channel * tap_count + taps[index]] = planes[channel * plane + positions[index]];
  }
}

static int32_t level_of(float value, float scale, int32_t zero_point) {
  const float level = nearbyintf(value / scale) + (float)zero_point;
  return level > 0 ? (level < 255 ? (int32_t)level : 255) : 0;
}

double swl_level_error(const float *values, const double *counts, int64_t count, float scale, int32_t zero_point) {
  double sum = 0;
  for (int64_t index = 0; index < count; index++) {
    const float told = (float)(level_of(values[index], scale, zero_point) - zero_point) * scale;
    const double difference = (double)(told - values[index]);
    sum += counts[index] * difference * difference;
  }
  return sum;
}

double swl_level_divergence(const float *values, const double *counts, int64_t count, float lower, float upper, float scale, int32_t zero_point) {
  // By level: elements seen, those of them inside the bounds, and how many values hold any.
  double seen[256] = {0}, inside[256] = {0}, holders[256] = {0};
  double total = 0, kept = 0;
  for (int64_t index = 0; index < count; index++) {
    const int32_t level = level_of(values[index], scale, zero_point);
    seen[level] += counts[index];
    total += counts[index];
    if (values[index] < lower || values[index] > upper || counts[index] <= 0) continue;
    inside[level] += counts[index];
    holders[level] += 1;
    kept += counts[index];
  }
  if (kept <= 0) return INFINITY;
  double sum = 0;
  // What saturates at a level that nothing inside has is told as if half an element were there.
  for (int level = 0; level < 256; level++) {
    if (seen[level] > 0 && inside[level] == 0) sum += seen[level] / total * log(seen[level] / total / (0.5 / kept));
  }
  for (int64_t index = 0; index < count; index++) {
    if (values[index] < lower || values[index] > upper || counts[index] <= 0) continue;
    const int32_t level = level_of(values[index], scale, zero_point);
    // What saturates is part of the outermost values, shared by their level's.
    const double own = (counts[index] + (seen[level] - inside[level]) / holders[level]) / total;
    sum += own * log(own / (inside[level] / holders[level] / kept));
  }
  return sum;
}
