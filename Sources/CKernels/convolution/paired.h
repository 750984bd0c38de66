// Panels for instructions that add two products of bytes in 16 bits with saturation (vpmaddubsw). Within windows of 16 depth
// elements the packing chooses which elements meet, so that no sum can saturate whatever the input is: the weights of one sign
// in a sum add up to at most 128, and 255 × 128 < 2^15. Kernels bring a window's bytes into that order as they read them.
#ifndef SWL_PAIRED_H
#define SWL_PAIRED_H

#include "swl_convolution.h"

#define SWL_PAIRED_COLUMNS 16
#define SWL_PAIRED_WINDOW 16

// Head of a panel. Behind its windows come the weights: of octets, then of quartets whose neighbours may be added in 16 bits, then of
// quartets of which none may; within a run of 16 columns, 4 depth elements a column stand together.
struct swl_paired_panel {
  int32_t is_direct;     // depth elements stand in their own order, and all may be added: rows can be read as they lie
  int32_t octet_windows; // first, windows of octets: of 8 elements k, k + 1, k + 4, k + 5 may be added in 16 bits, and so may the rest.
                         // A panel of more than eight columns has them only where it is direct and has nothing else.
  int32_t pair_windows;  // then windows of quartets whose neighbours may be added
  int32_t mixed_windows; // then such that have singles, too
  int32_t octets, quartets, singles; // in all windows; singles are the quartets of which none may be added
  int32_t reserved[9];
};

// A window's 16 bytes are read from `offset` in a row; element 4 i + j of its quartet i is byte order[4 i + j] of them. An octet is two
// quartets; singles come last.
struct swl_paired_window {
  int32_t offset, quartets, singles, reserved;
  uint8_t order[SWL_PAIRED_WINDOW];
};

static inline int64_t swl_paired_windows(const struct swl_blocking *b) {
  if (b->strip_pitch == 0) return (b->padded_depth + SWL_PAIRED_WINDOW - 1) / SWL_PAIRED_WINDOW;
  return b->depth / b->strip_run * ((b->strip_run + SWL_PAIRED_WINDOW - 1) / SWL_PAIRED_WINDOW);
}
static inline int64_t swl_paired_weights_offset(const struct swl_blocking *b) {
  return ((int64_t)sizeof(struct swl_paired_panel) + swl_paired_windows(b) * (int64_t)sizeof(struct swl_paired_window) + 63) / 64 * 64;
}
// With the int32 weight sum of each column at the end.
static inline int64_t swl_paired_panel_size(const struct swl_blocking *b) {
  return swl_paired_weights_offset(b) + b->padded_depth * SWL_PAIRED_COLUMNS + SWL_PAIRED_COLUMNS * 4;
}

// Packs columns 0..<columns, each `blocking->depth` weights long, one behind the other.
void swl_pack_paired_panel(const int8_t *weights, int64_t columns, const struct swl_blocking *blocking, int8_t *panel);

#endif
