// Recurrent layers: a block of 512 takes a sequence, and its threads the units; each sum of a gate has the CPU's order.
#include "device.h"

// One copy of all functions.
static __device__ __attribute__((noinline)) void swl_activation(int32_t function, float alpha, float beta, const float *input, float *output, int64_t count) {
  swl_unary_row(function, alpha, beta, input, output, count);
}

#define SWL_ACTIVATION swl_activation
#include "../../CKernels/shared/recurrence.h"

#define SWL_RECURRENCE_THREADS 512

// What a gate's sum becomes by its product with a state. Weights are [unit of the state][column].
SWL_DEVICE float swl_gate_sum(const struct swl_recurrence *a, int64_t column, const float *state, float sum) {
  const int64_t columns = swl_gate_count(a->kind) * a->hidden;
  const float *weights = a->weights + column;
  for (int64_t k = 0; k < a->hidden; k++, weights += columns) sum += state[k] * *weights;
  return sum;
}

// A sequence's places in the scratch memory.
struct swl_sequence {
  float *gates, *hidden, *cell, *extra;
};

// From gates that have the products with the hidden state, but for a GRU's candidate. All threads take part, and write the state.
SWL_DEVICE void swl_finish_gru(const struct swl_recurrence *a, const struct swl_sequence *s) {
  const int64_t h = a->hidden;
  for (int64_t i = threadIdx.x; i < h; i += SWL_RECURRENCE_THREADS) {
    swl_gru_reset(a, s->gates, s->hidden, s->extra, i, 1);
    if (a->kind == SWL_GRU_RESET_AFTER) s->extra[i] = swl_gate_sum(a, 2 * h + i, s->hidden, s->extra[i]);
  }
  __syncthreads();
  for (int64_t i = threadIdx.x; i < h; i += SWL_RECURRENCE_THREADS) {
    if (a->kind == SWL_GRU) s->gates[2 * h + i] = swl_gate_sum(a, 2 * h + i, s->extra, s->gates[2 * h + i]);
    swl_gru_finish(a, s->gates, s->hidden, s->extra, i, 1);
  }
}

SWL_DEVICE void swl_recurrence_step(const struct swl_recurrence *a, const struct swl_sequence *s, const float *given) {
  const int64_t h = a->hidden, width = swl_gate_count(a->kind) * h;
  const bool is_gru = a->kind == SWL_GRU || a->kind == SWL_GRU_RESET_AFTER;
  const int64_t products = is_gru ? 2 * h : width;
  for (int64_t j = threadIdx.x; j < width; j += SWL_RECURRENCE_THREADS) {
    s->gates[j] = j < products ? swl_gate_sum(a, j, s->hidden, given[j]) : given[j];
    if (is_gru && j < products) swl_gru_open(a, s->gates + j, 1);
    if (a->kind == SWL_RNN) swl_activate(a, 0, s->gates + j, 1);
  }
  __syncthreads();
  if (is_gru) {
    swl_finish_gru(a, s);
    return;
  }
  for (int64_t i = threadIdx.x; i < h; i += SWL_RECURRENCE_THREADS) {
    if (a->kind == SWL_RNN) {
      s->hidden[i] = s->gates[i];
    } else {
      swl_lstm_finish(a, s->gates, s->hidden, s->cell, s->extra, i, 1);
    }
  }
}

// A thread's units of both states.
SWL_DEVICE void swl_store_states(const struct swl_recurrence *a, const struct swl_sequence *s, int64_t row, bool is_empty) {
  const int64_t h = a->hidden, parts = a->kind >= SWL_LSTM ? 2 : 1;
  float *to = a->states + (row * a->batch + blockIdx.x) * parts * h;
  for (int64_t i = threadIdx.x; i < h; i += SWL_RECURRENCE_THREADS) {
    to[i] = is_empty ? 0.0f : s->hidden[i];
    if (parts == 2) to[h + i] = is_empty ? 0.0f : s->cell[i];
  }
}

extern "C" __global__ void swl_cuda_recurrence_f32(const struct swl_cuda_recurrence_f32 c) {
  const struct swl_recurrence *a = &c.recurrence;
  const int64_t h = a->hidden, width = swl_gate_count(a->kind) * h, sequence = blockIdx.x;
  struct swl_sequence s;
  s.gates = c.scratch + sequence * (width + 3 * h);
  s.hidden = s.gates + width, s.cell = s.hidden + h, s.extra = s.cell + h;
  for (int64_t i = threadIdx.x; i < h; i += SWL_RECURRENCE_THREADS) {
    s.hidden[i] = a->initial_hidden ? a->initial_hidden[sequence * h + i] : 0.0f;
    s.cell[i] = a->initial_cell ? a->initial_cell[sequence * h + i] : 0.0f;
  }
  const int64_t length = swl_sequence_length(a, sequence);
  for (int64_t step = 0; step < a->steps; step++) {
    const int64_t row = swl_step_row(a, step, length);
    __syncthreads();
    if (step < length) swl_recurrence_step(a, &s, a->gates + (row * a->batch + sequence) * width);
    swl_store_states(a, &s, row, step >= length);
  }
  swl_store_states(a, &s, a->steps, false);
}
