// Winograd's minimal filtering on 8-bit images, exact in integers. Source: Lavin and Gray, Fast Algorithms for Convolutional Neural
// Networks, 2015 (arXiv 1509.09308).
//
// For a tile of m × m output pixels from (m + 2) × (m + 2) of the input d under the weights g: Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A. Rows of G are
// multiplied so that every number is an integer, and the sums of products may wrap around 32 bits.
// F(2×2, 3×3): 16 products where 36 are meant. Weights are transformed by 2 G; the result is four times the sum, and comes out where that
// fits 32 bits. Bᵀ d B stays within ±4 × 255 and the weights within ±9 × 128, both 16 bits.
// F(4×4, 3×3), with the points 0, ±1, ±2: 36 products where 144 are meant. G's rows times 4, −6, −6, 24, 24, 1 are integers of at most 7 in
// all, and A's columns, by 24 over these, too. The result is 576 = 64 × 9 times the sum: 9 divides it by its inverse modulo 2^32, and the sum
// comes out where 64 times it fits. Bᵀ d B: the largest coefficients of one sign are 68 together, 68 × 255 fits 16 bits; so does 49 × 128.
#ifndef SWL_WINOGRAD_H
#define SWL_WINOGRAD_H

#include "swl_convolution.h"

// How the work is cut into items: item = block of tiles × column_splits + split.
struct swl_winograd_blocking {
  int32_t size; // m
  int64_t tiles, tiles_per_block, blocks;
  int64_t panels, panels_per_split, column_splits; // of 16 output channels
};

struct swl_winograd_q8 {
  const uint8_t *input;
  uint8_t *output;
  const int16_t *weights; // packed by swl_pack_winograd_q8
  struct swl_window window;
  struct swl_winograd_blocking blocking;
  int32_t input_flip, input_zero_point;
  struct swl_requantisation requantisation;
};

// The tile's size that is fastest on processors of exactly this set, or 0 where a convolution can't be computed so or isn't the faster for it.
int32_t swl_winograd_size(enum swl_instruction_set set, const struct swl_window *window, int32_t groups, int64_t largest_sum);
// Whether it can be: 3×3, stride 1, one group, input channels a multiple of 16, and sums small enough.
bool swl_winograd_is_exact(const struct swl_window *window, int32_t size, int32_t groups, int64_t largest_sum);
void swl_plan_winograd(const struct swl_window *window, int32_t size, int32_t threads, struct swl_winograd_blocking *blocking);
int64_t swl_winograd_items(const struct swl_winograd_blocking *blocking);
int64_t swl_winograd_scratch(const struct swl_window *window, const struct swl_winograd_blocking *blocking);

// Packed: panel by panel of 16 output channels, place by place of the tile, input channels two by two: 16 channels' pairs. Source
// [O][3][3][I].
int64_t swl_packed_winograd_q8_size(const struct swl_window *window, int32_t size);
void swl_pack_winograd_q8(const struct swl_window *window, int32_t size, const int8_t *weights, int16_t *packed);

#endif
