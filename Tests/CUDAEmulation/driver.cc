// A driver whose device is this machine's processor. It is as strict as the real one where that would fail only sometimes: work waits
// until somebody waits for it, addresses and sizes are checked, and what is left behind is counted.
#include "calls.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace {

char context_object, the_device_name[] = "Emulated device";

int32_t perform(const node &n) {
  switch (n.kind) {
  case node::to_device:
    if (!is_device((uint64_t)n.to, n.size)) return illegal_address;
    memcpy(n.to, n.from, n.size);
    d.copies++, d.copied_bytes += n.size;
    return success;
  case node::clear:
    if (!is_device((uint64_t)n.to, n.size)) return illegal_address;
    memset(n.to, n.arguments[0], n.size);
    return success;
  case node::to_host:
    if (!is_device((uint64_t)n.from, n.size)) return illegal_address;
    memcpy(n.to, n.from, n.size);
    return success;
  case node::kernel:
    d.launched_kernels++;
    d.launches[n.function]++;
    swl_emulate(n.function, n.grid, n.arguments.data());
    return success;
  }
  return success;
}

int32_t perform_all(std::vector<node> &nodes) {
  std::vector<node> taken;
  taken.swap(nodes);
  for (const node &n : taken) {
    if (const int32_t failed = perform(n)) return failed;
  }
  return success;
}

int32_t put(void *handle, node n) {
  if (!d.streams.count(handle)) return invalid_handle;
  stream *s = (stream *)handle;
  if (d.is_idle && !s->captured) return success;
  (s->captured ? s->captured->nodes : s->waiting).push_back(std::move(n));
  return success;
}

} // namespace

int32_t swl_emulated_capability(void) { return 10 * d.major + d.minor; }

int32_t cuInit(uint32_t flags) {
  stand_still();
  std::lock_guard<std::mutex> held(lock);
  const bool was = d.is_initialised;
  d.is_initialised = true;
  const int32_t early = begin(false);
  if (early) d.is_initialised = was;
  if (early) return early;
  if (flags != 0) return invalid_value;
  return d.count > 0 ? success : no_device;
}

int32_t cuDriverGetVersion(int32_t *ret_version) {
  stand_still();
  std::lock_guard<std::mutex> held(lock);
  const int32_t early = begin(false);
  if (early != success && early != not_initialised) return early;
  *ret_version = d.driver_version;
  return success;
}

int32_t cuDeviceGetCount(int32_t *ret_count) {
  BEGIN(false);
  *ret_count = d.count;
  return success;
}

int32_t cuDeviceGet(int32_t *ret_device, int32_t ordinal) {
  BEGIN(false);
  if (ordinal < 0 || ordinal >= d.count) return invalid_device;
  *ret_device = ordinal;
  return success;
}

int32_t cuDeviceGetName(char *ret_name, int32_t capacity, int32_t device) {
  BEGIN(false);
  if (device < 0 || device >= d.count) return invalid_device;
  snprintf(ret_name, (size_t)capacity, "%s", the_device_name);
  return success;
}

int32_t cuDeviceGetAttribute(int32_t *ret_value, int32_t attribute, int32_t device) {
  BEGIN(false);
  if (device < 0 || device >= d.count) return invalid_device;
  switch (attribute) {
  case SWL_CUDA_COMPUTE_MAJOR: *ret_value = d.major; return success;
  case SWL_CUDA_COMPUTE_MINOR: *ret_value = d.minor; return success;
  case SWL_CUDA_MULTIPROCESSORS: *ret_value = 8; return success;
  case SWL_CUDA_INTEGRATED:
  case SWL_CUDA_CAN_MAP_HOST_MEMORY: *ret_value = d.is_integrated; return success;
  default: return invalid_value;
  }
}

int32_t cuDevicePrimaryCtxRetain(void **ret_context, int32_t device) {
  BEGIN(false);
  if (device < 0 || device >= d.count) return invalid_device;
  d.retained++;
  *ret_context = &context_object;
  return success;
}

int32_t cuDevicePrimaryCtxRelease_v2(int32_t device) {
  std::lock_guard<std::mutex> held(lock);
  const int32_t early = begin(false);
  if (device < 0 || device >= d.count || d.retained == 0) return invalid_value;
  d.retained--;
  return early;
}

int32_t cuCtxPushCurrent_v2(void *context) {
  stand_still();
  std::lock_guard<std::mutex> held(lock);
  if (const int32_t early = begin(false)) {
    // Whoever is in it already misses nothing.
    d.has_failed_ending = d.has_failed_ending || depth > 0;
    return early;
  }
  if (context != &context_object || d.retained == 0) return invalid_context;
  depth++;
  return success;
}

int32_t cuCtxPopCurrent_v2(void **ret_context) {
  BEGIN_END();
  if (depth == 0) return invalid_context;
  depth--;
  *ret_context = &context_object;
  return early;
}

int32_t cuModuleLoadData(void **ret_module, const void *image) {
  BEGIN();
  if (is_capturing()) return capture_unsupported;
  const char *bytes = (const char *)image;
  // A cubin, PTX, or what tests take for one.
  if (!bytes || (memcmp(bytes, "\x7F" "ELF", 4) != 0 && memcmp(bytes, "//", 2) != 0 && memcmp(bytes, "FAKE", 4) != 0)) return invalid_image;
  if (d.refused_images > 0) {
    d.refused_images--;
    return no_binary;
  }
  *ret_module = malloc(1);
  d.modules.insert(*ret_module);
  return success;
}

int32_t cuModuleUnload(void *module) {
  BEGIN_END();
  if (!d.modules.erase(module)) return invalid_handle;
  free(module);
  return early;
}

int32_t cuModuleGetFunction(void **ret_function, void *module, const char *name) {
  BEGIN();
  if (!d.modules.count(module)) return invalid_handle;
  for (const swl_emulated_kernel *kernel = swl_emulated_kernels; kernel->name; kernel++) {
    if (strcmp(kernel->name, name) != 0) continue;
    *ret_function = (void *)kernel;
    return success;
  }
  return not_found;
}

int32_t cuMemsetD8Async(uint64_t address, uint8_t value, size_t size, void *stream) {
  BEGIN();
  if (!is_device(address, size)) return invalid_value;
  return put(stream, {node::clear, (void *)address, nullptr, size, nullptr, {}, {(char)value}});
}

int32_t cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t size, void *stream) {
  BEGIN();
  if (!is_device(to, size)) return invalid_value;
  return put(stream, {node::to_device, (void *)to, from, size, nullptr, {}, {}});
}

int32_t cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t size, void *stream) {
  BEGIN();
  if (!is_device(from, size)) return invalid_value;
  return put(stream, {node::to_host, to, (const void *)from, size, nullptr, {}, {}});
}

int32_t cuStreamCreate(void **ret_stream, uint32_t flags) {
  BEGIN();
  if (flags > 1) return invalid_value;
  *ret_stream = new stream;
  d.streams.insert(*ret_stream);
  return success;
}

int32_t cuStreamDestroy_v2(void *handle) {
  BEGIN_END();
  if (!d.streams.erase(handle)) return invalid_handle;
  delete ((stream *)handle)->captured;
  delete (stream *)handle;
  return early;
}

int32_t cuStreamQuery(void *handle) {
  BEGIN();
  if (!d.streams.count(handle)) return invalid_handle;
  stream *s = (stream *)handle;
  if (s->captured) return capture_unsupported;
  // Whoever asks once has not waited.
  if (d.hanging_launch != 0 && d.launched_graphs >= d.hanging_launch) return not_ready;
  if (d.is_hung || d.launched_graphs < d.gathering || (!s->waiting.empty() && !s->is_asked)) {
    s->is_asked = true;
    return not_ready;
  }
  s->is_asked = false;
  const int32_t failed = perform_all(s->waiting);
  if (failed) d.sticky = failed;
  return failed;
}

int32_t cuStreamBeginCapture_v2(void *handle, int32_t mode) {
  BEGIN();
  if (mode < 0 || mode > 2) return invalid_value;
  if (!d.streams.count(handle)) return invalid_handle;
  if (((stream *)handle)->captured) return capture_unsupported;
  ((stream *)handle)->captured = new graph;
  ((stream *)handle)->captured_by = std::this_thread::get_id();
  d.met++;
  changed.notify_all();
  return success;
}

int32_t cuStreamEndCapture(void *handle, void **ret_graph) {
  std::unique_lock<std::mutex> held(lock);
  // Whom nobody meets goes on: that test then sees too few.
  changed.wait_for(held, std::chrono::seconds(20), [] { return d.met >= d.meeting; });
  const int32_t early = begin();
  if (!d.streams.count(handle)) return invalid_handle;
  stream *s = (stream *)handle;
  graph *captured = s->captured;
  s->captured = nullptr;
  if (!captured || s->captured_by != std::this_thread::get_id()) return capture_invalidated;
  if (early) {
    delete captured;
    return early;
  }
  *ret_graph = captured;
  d.graphs.insert(captured);
  return success;
}

int32_t cuGraphInstantiateWithFlags(void **ret_executable, void *handle, uint64_t flags) {
  BEGIN();
  if (flags != 0) return invalid_value;
  if (!d.graphs.count(handle)) return invalid_handle;
  *ret_executable = new graph(*(graph *)handle);
  d.executables.insert(*ret_executable);
  return success;
}

int32_t cuGraphDestroy(void *handle) {
  BEGIN_END();
  if (!d.graphs.erase(handle)) return invalid_handle;
  delete (graph *)handle;
  return early;
}

int32_t cuGraphExecDestroy(void *handle) {
  BEGIN_END();
  if (!d.executables.erase(handle)) return invalid_handle;
  delete (graph *)handle;
  return early;
}

int32_t cuGraphLaunch(void *handle, void *stream) {
  BEGIN();
  if (!d.executables.count(handle)) return invalid_handle;
  d.launched_graphs++;
  if (d.is_idle) return success;
  for (const node &n : ((graph *)handle)->nodes) {
    if (const int32_t failed = put(stream, n)) return failed;
  }
  return success;
}

int32_t cuLaunchKernel(void *function, uint32_t grid_x, uint32_t grid_y, uint32_t grid_z, uint32_t block_x, uint32_t block_y, uint32_t block_z,
                       uint32_t shared_bytes, void *stream, void **parameters, void **extra) {
  BEGIN();
  const swl_emulated_kernel *kernel = (const swl_emulated_kernel *)function;
  if (grid_x == 0 || grid_y == 0 || grid_z == 0 || grid_x > INT_MAX || grid_y > 65535 || grid_z > 65535) return invalid_value;
  if (block_x != kernel->threads || block_y != 1 || block_z != 1 || shared_bytes != 0 || !parameters || extra) return invalid_value;
  const char *given = (const char *)parameters[0];
  return put(stream, {node::kernel, nullptr, nullptr, 0, kernel, {grid_x, grid_y, grid_z}, std::vector<char>(given, given + kernel->argument_size)});
}
