#include "../shared/elements.h"
#include "../shared/kernels.h"

// An entry of the heap that a row's output holds while the row is read: the worst of the best stands first.
struct entry {
  int64_t key, position;
};

struct row {
  const struct swl_top_k *a;
  const uint8_t *input;
  int64_t *heap;
};

SWL_INLINE struct entry entry_at(const struct row *row, int64_t position) {
  struct entry entry = {.position = position};
  swl_load_keys(row->a->type, row->a->finds_least, row->input + position * swl_element_size(row->a->type), 1, 1, &entry.key);
  return entry;
}

SWL_INLINE bool is_worse(struct entry a, struct entry b) { return a.key < b.key || (a.key == b.key && a.position > b.position); }

// Puts an entry into the heap of `count` from `slot` downwards.
SWL_INLINE void sift(const struct row *row, struct entry entry, int64_t slot, int64_t count) {
  while (2 * slot + 1 < count) {
    int64_t child = 2 * slot + 1;
    struct entry worst = entry_at(row, row->heap[child]);
    if (child + 1 < count) {
      struct entry other = entry_at(row, row->heap[child + 1]);
      if (is_worse(other, worst)) worst = other, child++;
    }
    if (!is_worse(worst, entry)) break;
    row->heap[slot] = worst.position;
    slot = child;
  }
  row->heap[slot] = entry.position;
}

SWL_INLINE void find(const struct row *row) {
  const int64_t count = row->a->count, length = row->a->length, size = swl_element_size(row->a->type);
  for (int64_t i = 0; i < count; i++) row->heap[i] = i;
  for (int64_t slot = count / 2; slot-- > 0;) sift(row, entry_at(row, row->heap[slot]), slot, count);
  struct entry worst = entry_at(row, row->heap[0]);
  for (int64_t first = count; first < length; first += SWL_LANES) {
    int64_t keys[SWL_LANES], block = swl_minimum(SWL_LANES, length - first);
    swl_load_keys(row->a->type, row->a->finds_least, row->input + first * size, 1, block, keys);
    for (int64_t i = 0; i < block; i++) {
      // Of equal ones the earlier stays.
      if (keys[i] <= worst.key) continue;
      sift(row, (struct entry){keys[i], first + i}, 0, count);
      worst = entry_at(row, row->heap[0]);
    }
  }
  for (int64_t left = count - 1; left > 0; left--) {
    const int64_t last = row->heap[left], first = row->heap[0];
    row->heap[left] = first;
    sift(row, entry_at(row, last), 0, left);
  }
}

SWL_INLINE void body(const void *arguments, void *scratch, int64_t begin, int64_t end) {
  const struct swl_top_k *a = arguments;
  (void)scratch;
  for (int64_t item = begin; item < end; item++) {
    const struct row row = {a, (const uint8_t *)a->input + item * a->length * swl_element_size(a->type), a->output + item * a->count};
    find(&row);
  }
}

SWL_INSTANTIATE(swl_top_k, body)
