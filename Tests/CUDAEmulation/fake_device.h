// What the emulated device is made of.
#pragma once

#include "launch.h"
#include "swl_cuda_driver.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))

// The type of what CCUDADriver calls and what is defined here must be the same.
#define SWL_CUDA_FUNCTION(name, parameters) EXPORT int32_t name parameters;
#include "../../Sources/CCUDADriver/list/swl_cuda_functions.inc"
#undef SWL_CUDA_FUNCTION

enum result : int32_t {
  success = 0,
  invalid_value = 1,
  out_of_memory = 2,
  not_initialised = 3,
  no_device = 100,
  invalid_device = 101,
  invalid_image = 200,
  invalid_context = 201,
  no_binary = 209,
  invalid_handle = 400,
  not_found = 500,
  not_ready = 600,
  illegal_address = 700,
  capture_unsupported = 900,
  capture_invalidated = 901,
};

struct node {
  enum { to_device, to_host, kernel, clear } kind;
  void *to;
  const void *from;
  size_t size;
  const swl_emulated_kernel *function;
  swl_emulated_index grid;
  std::vector<char> arguments; // of a kernel; or the byte to clear with
};

struct graph {
  std::vector<node> nodes;
};

struct stream {
  std::vector<node> waiting;
  graph *captured = nullptr;
  std::thread::id captured_by = {};
  bool is_asked = false; // whether its work has ended
};

constexpr size_t guard = 64;
constexpr unsigned char guard_byte = 0xA7;

struct device {
  int32_t driver_version = 0, count = 0, major = 0, minor = 0;
  bool is_initialised = false;
  uint64_t calls = 0, failing_call = 0;
  int32_t failure = 0;
  uint64_t blocked_call = 0; // stands still until it is told otherwise, and fails then
  bool is_idle = false;
  bool is_lasting = false; // the device is lost: every later call fails, too
  int32_t sticky = 0;      // what stays with the context, until a new process
  bool has_failed_ending = false; // the call that failed was one that ends something
  bool is_hung = false;           // what was begun never ends
  uint64_t hanging_launch = 0;    // nor does what was when so many graphs had been launched; 0 for never
  int32_t refused_images = 0;     // so many modules are refused with no_binary
  int32_t meeting = 0, met = 0;   // recordings that end when so many have begun
  uint64_t gathering = 0;         // no work ends before so many graphs have been launched in all
  bool is_integrated = false;     // shares its memory with the host
  uint64_t copies = 0, copied_bytes = 0; // to the device
  uint64_t launched_graphs = 0, launched_kernels = 0;
  uint64_t overruns = 0, allocations = 0;
  uint64_t limit = 0; // bytes of all allocations together
  int32_t retained = 0;
  std::map<const swl_emulated_kernel *, uint64_t> launches = {};
  std::map<uint64_t, size_t> memory = {};
  std::map<void *, size_t> host = {};
  std::map<void *, void *> mapped = {}; // of these, where they are on the device
  uint64_t lying_call = 0;               // succeeds and gives address 0, if it allocates
  std::set<void *> modules = {}, streams = {}, graphs = {}, executables = {};
};

extern device d;
extern std::mutex lock;
extern std::condition_variable changed;
// Contexts that the calling thread has pushed.
extern thread_local int32_t depth;
