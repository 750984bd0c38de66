// Recurrent layers: what one step needs of the step before.
#ifndef SWL_RECURRENCE_H
#define SWL_RECURRENCE_H

#include "swl_kernel.h"

// Columns of packed recurrent weights that stand together.
#define SWL_RECURRENCE_COLUMNS 32

enum swl_recurrence_kind {
  SWL_RNN = 0,
  SWL_GRU = 1,
  // The reset gate is applied to the product with the hidden state, not to the state.
  SWL_GRU_RESET_AFTER = 2,
  SWL_LSTM = 3,
  // The forget gate is 1 − the input gate.
  SWL_LSTM_COUPLED = 4,
};

// Items: sequences of the batch.
struct swl_recurrence {
  const float *gates;   // [steps, batch, G × hidden]: the inputs' share, biases included
  const float *weights; // packed: swl_pack_recurrence
  const float *recurrent_bias; // [hidden], NULL but for SWL_GRU_RESET_AFTER
  const float *peepholes;      // [3 × hidden], NULL for none
  const int32_t *lengths;      // [batch], NULL where all sequences have every step
  const float *initial_hidden, *initial_cell; // [batch, hidden], NULL for zeros
  float *states; // [steps + 1, batch, S, hidden]: S is 2 (hidden, cell) for LSTMs, else 1; the last row is the final state
  int64_t steps, batch, hidden;
  int32_t kind;
  bool is_reversed;
  float clip; // pre-activations are clamped to ±clip; infinite for none
  int32_t functions[3];
  float alphas[3], betas[3];
};

// Floats that the packed form of [columns, depth] weights takes.
int64_t swl_packed_recurrence_count(int64_t columns, int64_t depth);
// Packs [columns, depth] weights, row-major, into blocks of columns.
void swl_pack_recurrence(const float *weights, int64_t columns, int64_t depth, float *packed);
// Scratch bytes that one thread needs.
int64_t swl_recurrence_scratch(int32_t kind, int64_t hidden);

#endif
