// Winograd's minimal filtering F(2×2, 3×3) on 8-bit images: 16 products where 36 are meant, exact in integers. Source: Lavin and
// Gray, Fast Algorithms for Convolutional Neural Networks, 2015 (arXiv 1509.09308).
//
// For a tile of 2×2 output pixels from 4×4 of the input d under the weights g: Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A. Weights are
// transformed by 2 G, so every number is an integer and the result is four times the sum. Bᵀ d B stays within ±4 × 255 and the
// weights within ±9 × 128, both 16 bits. Sums of their products may wrap around 32 bits; four times the true sum fits (swl_winograd_pays
// makes sure), so it comes out.
#ifndef SWL_WINOGRAD_H
#define SWL_WINOGRAD_H

#include "swl_convolution.h"

// How the work is cut into items: item = block of tiles × column_splits + split.
struct swl_winograd_blocking {
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

// Whether a convolution can be computed so, and is the faster for it, on processors of exactly this set.
bool swl_winograd_pays(enum swl_instruction_set set, const struct swl_window *window, int32_t groups, int64_t largest_sum);
// Whether it can be: 3×3, stride 1, one group, input channels a multiple of 16, and sums small enough.
bool swl_winograd_is_exact(const struct swl_window *window, int32_t groups, int64_t largest_sum);
void swl_plan_winograd(const struct swl_window *window, int32_t threads, struct swl_winograd_blocking *blocking);
int64_t swl_winograd_items(const struct swl_winograd_blocking *blocking);
int64_t swl_winograd_scratch(const struct swl_window *window, const struct swl_winograd_blocking *blocking);

// Packed: panel by panel of 16 output channels, place by place of the 4×4, input channels two by two: 16 channels' pairs. Source
// [O][3][3][I].
int64_t swl_packed_winograd_q8_size(const struct swl_window *window);
void swl_pack_winograd_q8(const struct swl_window *window, const int8_t *weights, int16_t *packed);

#endif
