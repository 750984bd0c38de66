// What the emulated driver's functions begin with, and what they check.
#pragma once

#include "fake_device.h"

// As a driver that doesn't return; others' calls go on meanwhile.
static inline void stand_still() {
  std::unique_lock<std::mutex> held(lock);
  if (d.blocked_call == 0 || d.calls + 1 != d.blocked_call) return;
  d.calls++;
  changed.wait(held, [] { return d.blocked_call == 0; });
}

// Counts a call; what it gives unless the call goes on.
static inline int32_t begin(bool needs_context = true) {
  d.calls++;
  if (d.sticky != 0) return d.sticky;
  if (d.failing_call != 0 && (d.calls == d.failing_call || (d.is_lasting && d.calls > d.failing_call))) {
    // Errors stay with a context, and so not before there is one.
    if (swl_cuda_is_lasting(d.failure) && (d.retained > 0 || d.is_lasting)) d.sticky = d.failure;
    return d.failure;
  }
  if (!d.is_initialised) return not_initialised;
  if (needs_context && (depth == 0 || d.retained == 0)) return invalid_context;
  return success;
}

#define BEGIN(...)                                                                                                     \
  stand_still();                                                                                                       \
  std::lock_guard<std::mutex> held(lock);                                                                              \
  if (const int32_t early = begin(__VA_ARGS__)) return early
// Of what ends an object's life: a failure is told, but the object is gone.
#define BEGIN_END()                                                                                                    \
  stand_still();                                                                                                       \
  std::lock_guard<std::mutex> held(lock);                                                                              \
  const int32_t early = begin();                                                                                       \
  d.has_failed_ending = d.has_failed_ending || early != success

static inline bool is_device(uint64_t address, size_t size) {
  auto next = d.memory.upper_bound(address);
  if (next == d.memory.begin()) return false;
  --next;
  return address + size <= next->first + next->second;
}

// What the thread that records may not do meanwhile; others may, as recordings are their thread's own.
static inline bool is_capturing() {
  for (void *s : d.streams) {
    if (((stream *)s)->captured && ((stream *)s)->captured_by == std::this_thread::get_id()) return true;
  }
  return false;
}
