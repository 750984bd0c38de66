#include "../shared/kernels.h"
#include "../shared/unary.h"

#include "swl_recurrence.h"

#define COLUMNS SWL_RECURRENCE_COLUMNS

static int64_t gate_count(int32_t kind) { return kind == SWL_RNN ? 1 : kind <= SWL_GRU_RESET_AFTER ? 3 : 4; }

int64_t swl_packed_recurrence_count(int64_t columns, int64_t depth) { return (columns + COLUMNS - 1) / COLUMNS * COLUMNS * depth; }

void swl_pack_recurrence(const float *weights, int64_t columns, int64_t depth, float *packed) {
  for (int64_t first = 0; first < columns; first += COLUMNS) {
    for (int64_t k = 0; k < depth; k++) {
      for (int64_t i = 0; i < COLUMNS; i++) *packed++ = first + i < columns ? weights[(first + i) * depth + k] : 0.0f;
    }
  }
}

int64_t swl_recurrence_scratch(int32_t kind, int64_t hidden) {
  // Gates; hidden and cell state; a product or a reset state.
  return (gate_count(kind) + 3) * hidden * (int64_t)sizeof(float);
}

// output[j] += Σ_k state[k] × weights[j, k], each sum in ascending order of k whatever the vector width.
SWL_INLINE void accumulate(const float *packed, int64_t columns, int64_t depth, const float *state, float *output) {
  for (int64_t first = 0; first < columns; first += COLUMNS) {
    int64_t width = swl_minimum(COLUMNS, columns - first);
    float sums[COLUMNS] = {0};
    for (int64_t i = 0; i < width; i++) sums[i] = output[first + i];
    for (int64_t k = 0; k < depth; k++, packed += COLUMNS) {
      float factor = state[k];
      for (int64_t i = 0; i < COLUMNS; i++) sums[i] += factor * packed[i];
    }
    for (int64_t i = 0; i < width; i++) output[first + i] = sums[i];
  }
}

SWL_INLINE void clip(const struct swl_recurrence *a, float *values, int64_t count) {
  for (int64_t i = 0; i < count; i++) values[i] = swl_clamp(values[i], -a->clip, a->clip);
}

SWL_INLINE void activate(const struct swl_recurrence *a, int which, float *values, int64_t count) {
  clip(a, values, count);
  swl_unary_row(a->functions[which], a->alphas[which], a->betas[which], values, values, count);
}

// Gates z, r, h. `extra` has room for one gate.
SWL_INLINE void gru_step(const struct swl_recurrence *a, float *gates, float *hidden, float *extra) {
  int64_t h = a->hidden;
  const float *candidate_weights = a->weights + (2 * h + COLUMNS - 1) / COLUMNS * COLUMNS * h;
  float *update = gates, *reset = gates + h, *candidate = gates + 2 * h;
  accumulate(a->weights, 2 * h, h, hidden, gates);
  activate(a, 0, gates, 2 * h);
  if (a->kind == SWL_GRU_RESET_AFTER) {
    for (int64_t i = 0; i < h; i++) extra[i] = a->recurrent_bias ? a->recurrent_bias[i] : 0.0f;
    accumulate(candidate_weights, h, h, hidden, extra);
    for (int64_t i = 0; i < h; i++) candidate[i] += reset[i] * extra[i];
  } else {
    for (int64_t i = 0; i < h; i++) extra[i] = reset[i] * hidden[i];
    accumulate(candidate_weights, h, h, extra, candidate);
  }
  activate(a, 1, candidate, h);
  for (int64_t i = 0; i < h; i++) hidden[i] = (1.0f - update[i]) * candidate[i] + update[i] * hidden[i];
}

// Gates i, o, f, c; peepholes for i, o, f.
SWL_INLINE void lstm_step(const struct swl_recurrence *a, float *gates, float *hidden, float *cell, float *extra) {
  int64_t h = a->hidden;
  float *input = gates, *output = gates + h, *forget = gates + 2 * h, *candidate = gates + 3 * h;
  const float *p = a->peepholes;
  accumulate(a->weights, 4 * h, h, hidden, gates);
  if (p) {
    for (int64_t i = 0; i < h; i++) input[i] += p[i] * cell[i];
    for (int64_t i = 0; i < h; i++) forget[i] += p[2 * h + i] * cell[i];
  }
  activate(a, 0, input, h);
  if (a->kind == SWL_LSTM_COUPLED) {
    for (int64_t i = 0; i < h; i++) forget[i] = 1.0f - input[i];
  } else {
    activate(a, 0, forget, h);
  }
  activate(a, 1, candidate, h);
  for (int64_t i = 0; i < h; i++) cell[i] = forget[i] * cell[i] + input[i] * candidate[i];
  if (p) {
    for (int64_t i = 0; i < h; i++) output[i] += p[h + i] * cell[i];
  }
  activate(a, 0, output, h);
  swl_unary_row(a->functions[2], a->alphas[2], a->betas[2], cell, extra, h);
  for (int64_t i = 0; i < h; i++) hidden[i] = output[i] * extra[i];
}

SWL_INLINE void copy_or_clear(float *target, const float *source, int64_t count) {
  for (int64_t i = 0; i < count; i++) target[i] = source ? source[i] : 0.0f;
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_recurrence *a = arguments;
  int64_t h = a->hidden, width = gate_count(a->kind) * h;
  bool has_cell = a->kind >= SWL_LSTM;
  int64_t parts = has_cell ? 2 : 1;
  float *gates = scratch, *hidden = gates + width, *cell = hidden + h, *extra = cell + h;
  for (int64_t n = begin; n < end; n++) {
    copy_or_clear(hidden, a->initial_hidden ? a->initial_hidden + n * h : NULL, h);
    copy_or_clear(cell, a->initial_cell ? a->initial_cell + n * h : NULL, h);
    int64_t length = a->steps;
    if (a->lengths) length = a->lengths[n] < 0 ? 0 : swl_minimum(a->lengths[n], a->steps);
    for (int64_t step = 0; step < a->steps; step++) {
      int64_t t = a->is_reversed && step < length ? length - 1 - step : step;
      float *row = a->states + (t * a->batch + n) * parts * h;
      if (step >= length) {
        copy_or_clear(row, NULL, parts * h);
        continue;
      }
      copy_or_clear(gates, a->gates + (t * a->batch + n) * width, width);
      if (has_cell) {
        lstm_step(a, gates, hidden, cell, extra);
      } else if (a->kind == SWL_RNN) {
        accumulate(a->weights, h, h, hidden, gates);
        activate(a, 0, gates, h);
        copy_or_clear(hidden, gates, h);
      } else {
        gru_step(a, gates, hidden, extra);
      }
      copy_or_clear(row, hidden, h);
      if (has_cell) copy_or_clear(row + h, cell, h);
    }
    float *last = a->states + (a->steps * a->batch + n) * parts * h;
    copy_or_clear(last, hidden, h);
    if (has_cell) copy_or_clear(last + h, cell, h);
  }
}

SWL_INSTANTIATE(swl_recurrence_f32, body)
