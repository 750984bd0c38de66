#include "../shared/kernels.h"
#include "../shared/recurrence.h"

#define COLUMNS SWL_RECURRENCE_COLUMNS

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
  return (swl_gate_count(kind) + 3) * hidden * (int64_t)sizeof(float);
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

// Gates z, r, h. `extra` has room for one gate.
SWL_INLINE void gru_step(const struct swl_recurrence *a, float *gates, float *hidden, float *extra) {
  int64_t h = a->hidden;
  const float *candidate_weights = a->weights + (2 * h + COLUMNS - 1) / COLUMNS * COLUMNS * h;
  accumulate(a->weights, 2 * h, h, hidden, gates);
  swl_gru_open(a, gates, 2 * h);
  swl_gru_reset(a, gates, hidden, extra, 0, h);
  if (a->kind == SWL_GRU_RESET_AFTER) {
    accumulate(candidate_weights, h, h, hidden, extra);
  } else {
    accumulate(candidate_weights, h, h, extra, gates + 2 * h);
  }
  swl_gru_finish(a, gates, hidden, extra, 0, h);
}

// `extra` has room for one gate.
SWL_INLINE void lstm_step(const struct swl_recurrence *a, float *gates, float *hidden, float *cell, float *extra) {
  accumulate(a->weights, 4 * a->hidden, a->hidden, hidden, gates);
  swl_lstm_finish(a, gates, hidden, cell, extra, 0, a->hidden);
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_recurrence *a = arguments;
  int64_t h = a->hidden, width = swl_gate_count(a->kind) * h;
  bool has_cell = a->kind >= SWL_LSTM;
  int64_t parts = has_cell ? 2 : 1;
  float *gates = scratch, *hidden = gates + width, *cell = hidden + h, *extra = cell + h;
  for (int64_t n = begin; n < end; n++) {
    swl_copy_or_clear(hidden, a->initial_hidden ? a->initial_hidden + n * h : NULL, h);
    swl_copy_or_clear(cell, a->initial_cell ? a->initial_cell + n * h : NULL, h);
    const int64_t length = swl_sequence_length(a, n);
    for (int64_t step = 0; step < a->steps; step++) {
      const int64_t t = swl_step_row(a, step, length);
      float *row = a->states + (t * a->batch + n) * parts * h;
      if (step >= length) {
        swl_copy_or_clear(row, NULL, parts * h);
        continue;
      }
      swl_copy_or_clear(gates, a->gates + (t * a->batch + n) * width, width);
      if (has_cell) {
        lstm_step(a, gates, hidden, cell, extra);
      } else if (a->kind == SWL_RNN) {
        accumulate(a->weights, h, h, hidden, gates);
        swl_activate(a, 0, gates, h);
        swl_copy_or_clear(hidden, gates, h);
      } else {
        gru_step(a, gates, hidden, extra);
      }
      swl_copy_or_clear(row, hidden, h);
      if (has_cell) swl_copy_or_clear(row + h, cell, h);
    }
    float *last = a->states + (a->steps * a->batch + n) * parts * h;
    swl_copy_or_clear(last, hidden, h);
    if (has_cell) swl_copy_or_clear(last + h, cell, h);
  }
}

SWL_INSTANTIATE(swl_recurrence_f32, body)
