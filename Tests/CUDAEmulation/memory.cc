// The emulated driver's memory: the device's, and the host's that it reaches by itself.
#include "calls.h"

#include <stdlib.h>
#include <string.h>

int32_t cuMemAlloc_v2(uint64_t *ret_address, size_t size) {
  BEGIN();
  if (is_capturing()) return capture_unsupported;
  if (size == 0) return invalid_value;
  uint64_t used = 0;
  for (auto &block : d.memory) used += block.second;
  if (d.limit != 0 && size > d.limit - used) return out_of_memory;
  unsigned char *bytes = (unsigned char *)aligned_alloc(256, (size + guard + 255) / 256 * 256);
  if (!bytes) return out_of_memory;
  // Nothing may rely on what fresh memory holds.
  memset(bytes, 0x5A, size);
  memset(bytes + size, guard_byte, guard);
  *ret_address = (uint64_t)bytes;
  d.memory[*ret_address] = size;
  d.allocations++;
  return success;
}

int32_t cuMemFree_v2(uint64_t address) {
  BEGIN_END();
  auto block = d.memory.find(address);
  if (block == d.memory.end()) return invalid_value;
  // The real one waits for what was begun, for ever.
  if (d.is_hung) abort();
  const unsigned char *end = (const unsigned char *)address + block->second;
  for (size_t i = 0; i < guard; i++) d.overruns += end[i] != guard_byte;
  free((void *)address);
  d.memory.erase(block);
  return early;
}

int32_t cuMemAllocHost_v2(void **ret_address, size_t size) {
  BEGIN();
  if (is_capturing()) return capture_unsupported;
  if (size == 0) return invalid_value;
  *ret_address = malloc(size);
  memset(*ret_address, 0x5A, size);
  d.host[*ret_address] = size;
  return success;
}

int32_t cuMemHostAlloc(void **ret_address, size_t size, uint32_t flags) {
  BEGIN();
  if (is_capturing()) return capture_unsupported;
  if (size == 0 || flags != SWL_CUDA_HOST_MAPPED || !d.is_integrated) return invalid_value;
  if (d.limit != 0 && size > d.limit) return out_of_memory;
  *ret_address = malloc(size);
  memset(*ret_address, 0x5A, size);
  d.host[*ret_address] = size;
  d.mapped.insert(*ret_address);
  return success;
}

int32_t cuMemHostGetDevicePointer_v2(uint64_t *ret_address, void *host, uint32_t flags) {
  BEGIN();
  if (flags != 0 || !d.mapped.count(host)) return invalid_value;
  *ret_address = (uint64_t)host;
  return success;
}

int32_t cuMemFreeHost(void *address) {
  BEGIN_END();
  if (!d.host.erase(address)) return invalid_value;
  d.mapped.erase(address);
  free(address);
  return early;
}
