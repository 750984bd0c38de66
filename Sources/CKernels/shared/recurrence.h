// What a step of a recurrent layer does beside its products, for units first..<first + count: arrays hold all units of a gate one after
// the other.
#ifndef SWL_SHARED_RECURRENCE_H
#define SWL_SHARED_RECURRENCE_H

#include "swl_recurrence.h"
#include "unary.h"

// For who would rather call it than have it in many places.
#ifndef SWL_ACTIVATION
#define SWL_ACTIVATION swl_unary_row
#endif

SWL_INLINE int64_t swl_gate_count(int32_t kind) { return kind == SWL_RNN ? 1 : kind <= SWL_GRU_RESET_AFTER ? 3 : 4; }

// Steps of a sequence.
SWL_INLINE int64_t swl_sequence_length(const struct swl_recurrence *a, int64_t sequence) {
  if (!a->lengths) return a->steps;
  return a->lengths[sequence] < 0 ? 0 : swl_minimum(a->lengths[sequence], a->steps);
}

// The row of gates and states that a step in order of time takes.
SWL_INLINE int64_t swl_step_row(const struct swl_recurrence *a, int64_t step, int64_t length) {
  return a->is_reversed && step < length ? length - 1 - step : step;
}

SWL_INLINE void swl_copy_or_clear(float *target, const float *source, int64_t count) {
  for (int64_t i = 0; i < count; i++) target[i] = source ? source[i] : 0.0f;
}

SWL_INLINE void swl_clip(const struct swl_recurrence *a, float *values, int64_t count) {
  for (int64_t i = 0; i < count; i++) values[i] = swl_clamp(values[i], -a->clip, a->clip);
}

SWL_INLINE void swl_activate(const struct swl_recurrence *a, int which, float *values, int64_t count) {
  swl_clip(a, values, count);
  SWL_ACTIVATION(a->functions[which], a->alphas[which], a->betas[which], values, values, count);
}

// Update and reset gates from their sums.
SWL_INLINE void swl_gru_open(const struct swl_recurrence *a, float *gates, int64_t count) { swl_activate(a, 0, gates, count); }

// What the candidate's product goes on from, or is made of: its bias, or the state that the reset gate lets through.
SWL_INLINE void swl_gru_reset(const struct swl_recurrence *a, const float *gates, const float *hidden, float *extra, int64_t first, int64_t count) {
  const float *reset = gates + a->hidden;
  if (a->kind == SWL_GRU_RESET_AFTER) {
    for (int64_t i = first; i < first + count; i++) extra[i] = a->recurrent_bias ? a->recurrent_bias[i] : 0.0f;
  } else {
    for (int64_t i = first; i < first + count; i++) extra[i] = reset[i] * hidden[i];
  }
}

// The state, from the candidate's product.
SWL_INLINE void swl_gru_finish(const struct swl_recurrence *a, float *gates, float *hidden, const float *extra, int64_t first, int64_t count) {
  const float *update = gates, *reset = gates + a->hidden;
  float *candidate = gates + 2 * a->hidden;
  if (a->kind == SWL_GRU_RESET_AFTER) {
    for (int64_t i = first; i < first + count; i++) candidate[i] += reset[i] * extra[i];
  }
  swl_activate(a, 1, candidate + first, count);
  for (int64_t i = first; i < first + count; i++) hidden[i] = (1.0f - update[i]) * candidate[i] + update[i] * hidden[i];
}

// Both states, from the sums of gates i, o, f, c; peepholes for i, o, f.
SWL_INLINE void swl_lstm_finish(const struct swl_recurrence *a, float *gates, float *hidden, float *cell, float *extra, int64_t first, int64_t count) {
  const int64_t h = a->hidden, last = first + count;
  float *input = gates, *output = gates + h, *forget = gates + 2 * h, *candidate = gates + 3 * h;
  const float *p = a->peepholes;
  if (p) {
    for (int64_t i = first; i < last; i++) input[i] += p[i] * cell[i];
    for (int64_t i = first; i < last; i++) forget[i] += p[2 * h + i] * cell[i];
  }
  swl_activate(a, 0, input + first, count);
  if (a->kind == SWL_LSTM_COUPLED) {
    for (int64_t i = first; i < last; i++) forget[i] = 1.0f - input[i];
  } else {
    swl_activate(a, 0, forget + first, count);
  }
  swl_activate(a, 1, candidate + first, count);
  for (int64_t i = first; i < last; i++) cell[i] = forget[i] * cell[i] + input[i] * candidate[i];
  if (p) {
    for (int64_t i = first; i < last; i++) output[i] += p[h + i] * cell[i];
  }
  swl_activate(a, 0, output + first, count);
  SWL_ACTIVATION(a->functions[2], a->alphas[2], a->betas[2], cell + first, extra + first, count);
  for (int64_t i = first; i < last; i++) hidden[i] = output[i] * extra[i];
}

#endif
