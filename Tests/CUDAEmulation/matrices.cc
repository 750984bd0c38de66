// Matrix instructions, written from the tables of NVIDIA's PTX manual (“Warp Level Matrix Multiply-Accumulate Instructions”) and not from the
// kernels: each lane's registers are put where the manual says that they belong, the matrices are multiplied, and each lane gets its sums.
#include "emulation.h"

#include <string.h>

namespace {

enum instruction : uint32_t { m16n8k32 = 1, m8n8k16, load, multiply, store };

int8_t byte_of(const uint32_t *registers, uint32_t i) { return (int8_t)(registers[i / 4] >> 8 * (i % 4)); }

// The first device that has an instruction. On older ones it isn't part of the code at all, and nothing would be computed.
void need(int32_t capability) {
  if (swl_emulated_capability() < capability) swl_emulated_fail("the device has no such instruction");
}

// product = a · b, of m × k and k × n elements.
void multiply_all(swl_emulated_exchange &meeting, const int8_t (*a)[32], const int8_t (*b)[16], uint32_t m, uint32_t n, uint32_t k) {
  for (uint32_t row = 0; row < m; row++) {
    for (uint32_t column = 0; column < n; column++) {
      int32_t sum = 0;
      for (uint32_t i = 0; i < k; i++) sum += a[row][i] * b[i][column];
      meeting.product[row][column] = sum;
    }
  }
  meeting.is_computed = true;
}

int32_t plus(int32_t sum, int32_t product) { return (int32_t)((uint32_t)sum + (uint32_t)product); }

// Places in a fragment that the emulation chooses: element `index` of 256 is part `place % 8` of lane `place / 8`.
uint32_t place_of_byte(uint32_t index) { return (index * 37 + 11) % 256; }
uint32_t place_of_sum(uint32_t index) { return (index * 91 + 5) % 256; }

// The pointer and the stride, which must be every lane's.
void meet_at(instruction what, const void *address, int32_t stride, size_t row_bytes) {
  const uint32_t words[3] = {(uint32_t)(uintptr_t)address, (uint32_t)((uintptr_t)address >> 32), (uint32_t)stride};
  const swl_emulated_exchange &meeting = swl_emulated_meet(what, words, 3);
  for (uint32_t lane = 0; lane < 32; lane++) {
    if (memcmp(meeting.words[lane], words, sizeof words) != 0) swl_emulated_fail("lanes of a warp name different matrices");
  }
  if ((uintptr_t)address % 32 != 0 || row_bytes % 16 != 0) swl_emulated_fail("a matrix isn't aligned as the manual wants it");
}

} // namespace

void swl_emulated_mma_m16n8k32(int32_t *sums, const uint32_t *a, const uint32_t *b) {
  need(80);
  const uint32_t words[6] = {a[0], a[1], a[2], a[3], b[0], b[1]};
  swl_emulated_exchange &meeting = swl_emulated_meet(m16n8k32, words, 6);
  if (!meeting.is_computed) {
    int8_t left[16][32], right[32][16];
    for (uint32_t lane = 0; lane < 32; lane++) {
      const uint32_t group = lane >> 2, thread = lane % 4;
      for (uint32_t i = 0; i < 16; i++) {
        const uint32_t row = i < 4 || (8 <= i && i < 12) ? group : group + 8;
        const uint32_t column = thread * 4 + (i & 3) + (i < 8 ? 0 : 16);
        left[row][column] = byte_of(meeting.words[lane], i);
      }
      for (uint32_t i = 0; i < 8; i++) right[thread * 4 + (i & 3) + (i < 4 ? 0 : 16)][group] = byte_of(meeting.words[lane] + 4, i);
    }
    multiply_all(meeting, left, right, 16, 8, 32);
  }
  const uint32_t group = swl_emulated_lane() >> 2, thread = swl_emulated_lane() % 4;
  for (uint32_t i = 0; i < 4; i++) sums[i] = plus(sums[i], meeting.product[i < 2 ? group : group + 8][thread * 2 + (i & 1)]);
}

void swl_emulated_mma_m8n8k16(int32_t *sums, uint32_t a, uint32_t b) {
  need(75);
  const uint32_t words[2] = {a, b};
  swl_emulated_exchange &meeting = swl_emulated_meet(m8n8k16, words, 2);
  if (!meeting.is_computed) {
    int8_t left[16][32], right[32][16];
    for (uint32_t lane = 0; lane < 32; lane++) {
      const uint32_t group = lane >> 2, thread = lane % 4;
      for (uint32_t i = 0; i < 4; i++) {
        left[group][thread * 4 + i] = byte_of(meeting.words[lane], i);
        right[thread * 4 + i][group] = byte_of(meeting.words[lane] + 1, i);
      }
    }
    multiply_all(meeting, left, right, 8, 8, 16);
  }
  const uint32_t group = swl_emulated_lane() >> 2, thread = swl_emulated_lane() % 4;
  for (uint32_t i = 0; i < 2; i++) sums[i] = plus(sums[i], meeting.product[group][thread * 2 + (i & 1)]);
}

void swl_emulated_wmma_load(uint32_t *fragment, const uint32_t *from, int32_t stride) {
  meet_at(load, from, stride, (size_t)stride);
  uint8_t bytes[8];
  for (uint32_t index = 0; index < 256; index++) {
    const uint32_t place = place_of_byte(index);
    if (place / 8 == swl_emulated_lane()) bytes[place % 8] = ((const uint8_t *)from)[index / 16 * (uint32_t)stride + index % 16];
  }
  memcpy(fragment, bytes, sizeof bytes);
}

void swl_emulated_wmma_m16n16k16(int32_t *sums, const uint32_t *a, const uint32_t *b) {
  need(72);
  const uint32_t words[4] = {a[0], a[1], b[0], b[1]};
  swl_emulated_exchange &meeting = swl_emulated_meet(multiply, words, 4);
  if (!meeting.is_computed) {
    int8_t left[16][32], right[32][16];
    for (uint32_t index = 0; index < 256; index++) {
      const uint32_t place = place_of_byte(index), *registers = meeting.words[place / 8];
      left[index / 16][index % 16] = byte_of(registers, place % 8);
      right[index % 16][index / 16] = byte_of(registers + 2, place % 8);
    }
    multiply_all(meeting, left, right, 16, 16, 16);
  }
  for (uint32_t index = 0; index < 256; index++) {
    const uint32_t place = place_of_sum(index);
    if (place / 8 == swl_emulated_lane()) sums[place % 8] = plus(sums[place % 8], meeting.product[index / 16][index % 16]);
  }
}

void swl_emulated_wmma_store(uint32_t *to, const int32_t *sums, int32_t stride) {
  meet_at(store, to, stride, (size_t)stride * sizeof *to);
  for (uint32_t index = 0; index < 256; index++) {
    const uint32_t place = place_of_sum(index);
    if (place / 8 == swl_emulated_lane()) to[index / 16 * (uint32_t)stride + index % 16] = (uint32_t)sums[place % 8];
  }
}
