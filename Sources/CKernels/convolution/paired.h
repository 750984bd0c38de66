// Panels for instructions that add two products of bytes in 16 bits with saturation (vpmaddubsw). Within windows of 16 depth
// elements the packing chooses which elements meet, so that no sum can saturate whatever the input is: the weights of one sign
// in a sum add up to at most 128, and 255 × 128 < 2^15.
#ifndef SWL_PAIRED_H
#define SWL_PAIRED_H

#include "swl_convolution.h"

#define SWL_PAIRED_COLUMNS 16
#define SWL_PAIRED_WINDOW 16

// Head of a panel. Its windows follow each other by kind; within a run of 16 columns, 4 depth elements a column stand together.
struct swl_paired_panel {
  int32_t is_direct; // depth elements stand in their own order: rows can be read as they lie
  int32_t windows;   // of 16 elements; the one that ends a depth of 8 more has 8
  int32_t octets;    // first, runs of 8 elements of which four may be added in 16 bits: k, k + 1, k + 4, k + 5 and the rest
  int32_t quartets;  // then runs of 4 of which neighbours may be added
  int32_t singles;   // then runs of 4 of which none may
  int32_t reserved[11];
};

// Behind the head: for each window where it begins in a row, and where each byte of its result comes from in the window.
struct swl_paired_window {
  int32_t offset, length, reserved[2];
  uint8_t order[SWL_PAIRED_WINDOW];
};

static inline int64_t swl_paired_windows(int64_t padded_depth) { return (padded_depth + SWL_PAIRED_WINDOW - 1) / SWL_PAIRED_WINDOW; }
static inline int64_t swl_paired_weights_offset(int64_t padded_depth) {
  return ((int64_t)sizeof(struct swl_paired_panel) + swl_paired_windows(padded_depth) * (int64_t)sizeof(struct swl_paired_window) + 63) / 64 * 64;
}
// With the int32 weight sum of each column at the end.
static inline int64_t swl_paired_panel_size(int64_t padded_depth) {
  return swl_paired_weights_offset(padded_depth) + padded_depth * SWL_PAIRED_COLUMNS + SWL_PAIRED_COLUMNS * 4;
}

// Packs columns 0..<columns, each `depth` weights long, one behind the other.
void swl_pack_paired_panel(const int8_t *weights, int64_t columns, int64_t depth, int64_t padded_depth, int8_t *panel);

#endif
