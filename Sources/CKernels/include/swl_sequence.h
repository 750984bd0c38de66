// Families of sequence models: attention, rotary position embedding, normalisation of rows; float32. Matrices are [rows, heads × size]: a
// head's elements stand together in every row.
#ifndef SWL_SEQUENCE_H
#define SWL_SEQUENCE_H

#include "swl_kernel.h"

// Items: heads of one query; of several, heads × blocks of as many queries as the kernel has columns. Each query finds the mean of the values by the softmax of its scores, which are
// its products with the keys; with none of them it finds 0.
struct swl_attention {
  const float *queries;            // [length, width], width = heads × size
  const float *keys, *values;      // [rows, width]
  const float *own_key, *own_value; // NULL, or [width]: one more behind the others, whatever count says
  const int64_t *count;            // NULL, or how many of the rows take part, taken within 0…rows
  float *output;                   // [length, width]
  int64_t heads, size, length, rows;
};

// The same for one query (length 1), with keys and values of 16-bit floats: what is read for each query is half as long. Those of `attention` aren't looked at.
struct swl_attention_f16 {
  struct swl_attention attention;
  const uint16_t *keys, *values;
};

int64_t swl_attention_items(const struct swl_kernel *kernel, const struct swl_attention *attention);
// Scratch bytes that one thread needs.
int64_t swl_attention_scratch(const struct swl_kernel *kernel, const struct swl_attention *attention);
int64_t swl_attention_f16_scratch(const struct swl_attention *attention);

// Items: rows. Of each head's elements the first 2 × pairs turn by the angles of the row's position, two neighbours (interleaved) or one of
// each half together; the others are copied. A position outside the table is a fault: the nearest is taken and counted.
struct swl_rotation {
  const float *input;             // [rows, width]
  const float *cosines, *sines;   // [positions, pairs]
  const int64_t *row_positions;   // [rows]
  float *output;                  // [rows, width]
  int64_t rows, heads, size, pairs, positions;
  bool is_interleaved;
  uint64_t *faults;
};

// Items: rows. (x − mean) ÷ √(variance + epsilon) × scale + shift.
struct swl_normalisation {
  const float *input; // [rows, width]
  const float *scale; // [width]
  const float *shift; // [width], or NULL for zeros
  float *output;      // [rows, width]
  int64_t width;
  float epsilon;
};

#endif
