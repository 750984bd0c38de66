// What tests ask of the emulated device, and the texts of its errors.
#include "fake_device.h"

#include <string.h>

// What programs see that know nothing of tests.
device d = {.driver_version = 12020, .count = 1, .major = 8, .minor = 7};
std::mutex lock;
std::condition_variable changed;
thread_local int32_t depth;

// For tests: a device as it comes from the factory, and a process that has used none. What earlier tests left behind is forgotten.
EXPORT void swl_fake_reset(int32_t driver_version, int32_t devices, int32_t major, int32_t minor) {
  std::lock_guard<std::mutex> held(lock);
  d = device{};
  changed.notify_all();
  d.driver_version = driver_version, d.count = devices, d.major = major, d.minor = minor;
}
// The call of that number from now on, the next one being 1, gives `code`; 0 for none.
EXPORT void swl_fake_fail(uint64_t call, int32_t code, bool is_lasting) {
  std::lock_guard<std::mutex> held(lock);
  d.failing_call = call == 0 ? 0 : d.calls + call, d.failure = code, d.is_lasting = is_lasting;
}
// Device memory that can be allocated; 0 for any.
EXPORT void swl_fake_limit(uint64_t bytes) { d.limit = bytes; }
// The call of that number from now on, the next one being 1, stands still; 0 lets it, and all others, fail.
EXPORT void swl_fake_block(uint64_t call) {
  std::lock_guard<std::mutex> held(lock);
  d.blocked_call = call == 0 ? 0 : d.calls + call;
  if (call == 0) d.sticky = 719;
  changed.notify_all();
}
// Work is taken and not done, so that nothing is allocated on its behalf.
EXPORT void swl_fake_idle(bool is_idle) { d.is_idle = is_idle; }
// Work that was begun doesn't end.
EXPORT void swl_fake_hang(bool is_hung) { d.is_hung = is_hung; }
// Work doesn't end from that launch of a graph on, the first since the reset being 1; 0 for never.
EXPORT void swl_fake_hang_from(uint64_t launch) {
  std::lock_guard<std::mutex> held(lock);
  d.hanging_launch = launch;
}
// The call of that number from now on, the next one being 1, gives address 0 if it allocates, and says that all is well; 0 for none.
EXPORT void swl_fake_lie(uint64_t call) { d.lying_call = call == 0 ? 0 : d.calls + call; }
// So many images, the next ones, are for other devices.
EXPORT void swl_fake_refuse_images(int32_t count) { d.refused_images = count; }
// No recording ends before so many threads have begun one.
EXPORT void swl_fake_meet(int32_t threads) { d.meeting = threads; }
// No work ends before so many more graphs have been launched.
EXPORT void swl_fake_gather(uint64_t graphs) {
  std::lock_guard<std::mutex> held(lock);
  d.gathering = graphs == 0 ? 0 : d.launched_graphs + graphs;
}
// Host and device share their memory.
EXPORT void swl_fake_integrate(bool is_integrated) { d.is_integrated = is_integrated; }
EXPORT uint64_t swl_fake_copies(void) { return d.copies; }
EXPORT uint64_t swl_fake_copied_bytes(void) { return d.copied_bytes; }
EXPORT uint64_t swl_fake_depth(void) { return (uint64_t)depth; }
EXPORT uint64_t swl_fake_failed_endings(void) { return d.has_failed_ending; }
EXPORT uint64_t swl_fake_met(void) { return (uint64_t)d.met; }
EXPORT uint64_t swl_fake_allocations(void) { return d.allocations; }
EXPORT uint64_t swl_fake_blocks(void) { return d.memory.size(); }
EXPORT uint64_t swl_fake_calls(void) { return d.calls; }
EXPORT uint64_t swl_fake_launched_graphs(void) { return d.launched_graphs; }
EXPORT uint64_t swl_fake_launched_kernels(void) { return d.launched_kernels; }
// Runs of one kernel.
EXPORT uint64_t swl_fake_launches(const char *kernel) {
  std::lock_guard<std::mutex> held(lock);
  uint64_t count = 0;
  for (const auto &[function, launches] : d.launches) count += strcmp(function->name, kernel) == 0 ? launches : 0;
  return count;
}
EXPORT uint64_t swl_fake_overruns(void) { return d.overruns; }
// Objects alive: memory, modules, streams, graphs and the context.
EXPORT uint64_t swl_fake_alive(void) {
  std::lock_guard<std::mutex> held(lock);
  return d.memory.size() + d.host.size() + d.modules.size() + d.streams.size() + d.graphs.size() + d.executables.size() + (uint64_t)d.retained;
}

// Not counted: it is asked when something else has failed.
int32_t cuGetErrorString(int32_t result, const char **ret_text) {
  static const std::map<int32_t, const char *> texts = {
      {invalid_value, "invalid argument"}, {out_of_memory, "out of memory"}, {not_initialised, "initialization error"},
      {no_device, "no CUDA-capable device is detected"}, {invalid_image, "device kernel image is invalid"}, {invalid_context, "invalid device context"},
      {no_binary, "no kernel image is available for execution on the device"}, {not_found, "named symbol not found"},
      {illegal_address, "an illegal memory access was encountered"}, {719, "unspecified launch failure"}};
  auto found = texts.find(result);
  if (found == texts.end()) return invalid_value;
  *ret_text = found->second;
  return success;
}
