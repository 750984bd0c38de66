// The emulated driver's memory: the device's, and the host's that it reaches by itself.
#include "calls.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Whether what is given back must be waited for, for ever, as the real driver does.
static bool never_ends() { return d.is_hung || (d.hanging_launch != 0 && d.launched_graphs >= d.hanging_launch); }

static bool lies() { return d.lying_call != 0 && d.calls == d.lying_call; }

int32_t cuMemAlloc_v2(uint64_t *ret_address, size_t size) {
  BEGIN();
  if (is_capturing()) return capture_unsupported;
  if (size == 0) return invalid_value;
  uint64_t used = 0;
  for (auto &block : d.memory) used += block.second;
  if (d.limit != 0 && used + size > d.limit) return out_of_memory;
  *ret_address = 0;
  if (lies()) return success;
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
  if (never_ends()) abort();
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
  *ret_address = nullptr;
  if (lies()) return success;
  *ret_address = malloc(size);
  memset(*ret_address, 0x5A, size);
  d.host[*ret_address] = size;
  return success;
}

// The device finds it elsewhere than the host does.
int32_t cuMemHostAlloc(void **ret_address, size_t size, uint32_t flags) {
  BEGIN();
  if (is_capturing()) return capture_unsupported;
  if (size == 0 || flags != SWL_CUDA_HOST_MAPPED || !d.is_integrated) return invalid_value;
  if (d.limit != 0 && size > d.limit) return out_of_memory;
  *ret_address = nullptr;
  if (lies()) return success;
  const int file = memfd_create("mapped", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, (off_t)size) != 0) abort();
  void *host = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  void *on_device = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (host == MAP_FAILED || on_device == MAP_FAILED) abort();
  memset(host, 0x5A, size);
  *ret_address = host;
  d.host[host] = size;
  d.mapped[host] = on_device;
  return success;
}

int32_t cuMemHostGetDevicePointer_v2(uint64_t *ret_address, void *host, uint32_t flags) {
  BEGIN();
  if (flags != 0 || !d.mapped.count(host)) return invalid_value;
  *ret_address = lies() ? 0 : (uint64_t)d.mapped[host];
  return success;
}

int32_t cuMemFreeHost(void *address) {
  BEGIN_END();
  auto block = d.host.find(address);
  if (block == d.host.end()) return invalid_value;
  if (never_ends()) abort();
  auto mapped = d.mapped.find(address);
  if (mapped != d.mapped.end()) {
    munmap(address, block->second);
    munmap(mapped->second, block->second);
    d.mapped.erase(mapped);
  } else {
    free(address);
  }
  d.host.erase(block);
  return early;
}
