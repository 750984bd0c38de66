// Panels for instructions that add two products of bytes in 16 bits with saturation (vpmaddubsw). Within windows of 16 depth
// elements the packing chooses which elements meet, so that no sum can saturate whatever the input is: the weights of one sign
// in a sum add up to at most 128, and 255 × 128 < 2^15. Where no partners can be found, a weight is split in two that are, and its
// byte is read twice. Kernels bring a window's bytes into order as they read them.
#ifndef SWL_PAIRED_H
#define SWL_PAIRED_H

#include <stdbool.h>

#include "swl_convolution.h"

#define SWL_PAIRED_COLUMNS 16
#define SWL_PAIRED_WINDOW 16
// At most one half of each pair has to be read twice, beside a zero at worst.
#define SWL_PAIRED_QUARTETS (2 * SWL_PAIRED_WINDOW / 4)

// Packed weights begin with this many bytes, rounded up to 64, an uint32_t for each panel and one more: where it begins, and where
// the last ends, in units of 64 bytes.
static inline int64_t swl_paired_head_size(const struct swl_blocking *b) { return ((b->groups * b->panels + 1) * 4 + 63) / 64 * 64; }

// A panel. Behind its windows, at the next multiple of 64 bytes, come the weights of the windows' quartets in turn; within a run of 16
// columns, 4 depth elements a column stand together.
struct swl_paired_panel {
  int32_t is_direct; // depth elements stand in their own order: rows can be read as they lie
  // Windows by kind. First come those of octets: of 8 elements k, k + 1, k + 4, k + 5 may be added in 16 bits, and so may the rest. A
  // panel of more than eight columns has them only where it is direct and has nothing else. In all others neighbours may be added.
  int32_t octet_windows, windows_of_four, windows_of_five, other_windows;
  int32_t octets, quartets; // in all windows of octets, and in all others
  int32_t reserved[9];
  int32_t sums[SWL_PAIRED_COLUMNS]; // of each column's weights
};

// A window's 16 bytes are read from `offset` in a row; element 4 i + j of its quartet i is byte order[4 i + j] of them. An octet is two
// quartets.
struct swl_paired_window {
  int32_t offset, quartets;
  uint8_t order[4 * SWL_PAIRED_QUARTETS];
};

static inline int64_t swl_paired_windows(const struct swl_blocking *b) {
  if (b->strip_pitch == 0) return (b->padded_depth + SWL_PAIRED_WINDOW - 1) / SWL_PAIRED_WINDOW;
  return b->depth / b->strip_run * ((b->strip_run + SWL_PAIRED_WINDOW - 1) / SWL_PAIRED_WINDOW);
}
static inline int64_t swl_paired_weights_offset(const struct swl_blocking *b) {
  return ((int64_t)sizeof(struct swl_paired_panel) + swl_paired_windows(b) * (int64_t)sizeof(struct swl_paired_window) + 63) / 64 * 64;
}
// The most that a panel may take.
static inline int64_t swl_paired_panel_bound(const struct swl_blocking *b) {
  return swl_paired_weights_offset(b) + 2 * b->padded_depth * SWL_PAIRED_COLUMNS;
}

// Packs columns 0..<columns, each `blocking->depth` weights long, one behind the other. Gives the bytes taken, a multiple of 64.
int64_t swl_pack_paired_panel(const int8_t *weights, int64_t columns, const struct swl_blocking *blocking, int8_t *panel);

// The same bytes, one window after the other: for few columns, for octets and for very deep panels; and the other's oracle.
int64_t swl_pack_paired_panel_singly(const int8_t *weights, int64_t columns, const struct swl_blocking *blocking, int8_t *panel);

// Whether a panel's windows are computed in octets where they can be.
bool swl_has_octets(const int8_t *weights, int64_t columns, const struct swl_blocking *blocking);

#endif
