#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "swl_team.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// How often a thread looks again before it sleeps: some tens of microseconds, about the length of a step.
#define SPINS 4000

// A ticket is the generation (high 32 bits), then the end of the chunks that are left and the first of them, 16 bits each. The caller takes
// chunks from the front and the others from the back: what a thread wrote in one step it mostly reads in the next, out of its own cache.
#define CHUNK_BITS 16
#define MAXIMUM_CHUNKS ((1 << CHUNK_BITS) - 1)

struct worker {
  struct swl_team *team;
  pthread_t thread;
  void *scratch;
};

struct swl_team {
  _Alignas(64) _Atomic uint64_t ticket; // generation << 32 | end of the chunks left << 16 | first of them
  _Alignas(64) _Atomic uint32_t wakeups; // changes whenever a sleeping worker should look again
  _Atomic uint32_t sleepers;
  _Atomic bool is_stopping;
  _Alignas(64) _Atomic uint32_t completed;
  _Atomic bool caller_sleeps;
  // The step under way. Written only while no chunk is handed out, read by those who then claim one of this generation.
  _Alignas(64) _Atomic(swl_function) function;
  _Atomic(const void *) arguments;
  _Atomic int64_t count, grain;
  uint32_t generation;
  int32_t threads;
  void *scratch; // the caller's
  char *memory;
  struct worker workers[];
};

static void futex_wait(_Atomic uint32_t *word, uint32_t expected) { syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0); }
static void futex_wake(_Atomic uint32_t *word, int32_t count) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0); }

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Claims chunks until none is left. What a claim reads beforehand belongs to its generation: had the step changed since,
// the exchange would fail.
static void work(struct swl_team *team, void *scratch, bool from_front) {
  uint64_t ticket = atomic_load_explicit(&team->ticket, memory_order_acquire);
  for (;;) {
    const uint32_t first = ticket & MAXIMUM_CHUNKS, end = (ticket >> CHUNK_BITS) & MAXIMUM_CHUNKS;
    if (first >= end) return;
    swl_function function = atomic_load_explicit(&team->function, memory_order_relaxed);
    const void *arguments = atomic_load_explicit(&team->arguments, memory_order_relaxed);
    int64_t count = atomic_load_explicit(&team->count, memory_order_relaxed), grain = atomic_load_explicit(&team->grain, memory_order_relaxed);
    const uint64_t rest = from_front ? ticket + 1 : ticket - (1u << CHUNK_BITS);
    if (!atomic_compare_exchange_weak_explicit(&team->ticket, &ticket, rest, memory_order_acq_rel, memory_order_acquire)) continue;
    const int64_t begin = (from_front ? first : end - 1) * grain;
    function(arguments, scratch, begin, begin + grain < count ? begin + grain : count);
    if (atomic_fetch_add(&team->completed, 1) + 1 == (count + grain - 1) / grain && atomic_load(&team->caller_sleeps)) futex_wake(&team->completed, 1);
    ticket = atomic_load_explicit(&team->ticket, memory_order_acquire);
  }
}

static bool has_work(struct swl_team *team) {
  uint64_t ticket = atomic_load(&team->ticket);
  return (ticket & MAXIMUM_CHUNKS) < ((ticket >> CHUNK_BITS) & MAXIMUM_CHUNKS);
}

static void *serve(void *argument) {
  struct worker *worker = argument;
  struct swl_team *team = worker->team;
  while (!atomic_load(&team->is_stopping)) {
    work(team, worker->scratch, false);
    bool found = false;
    for (int spin = 0; spin < SPINS && !found; spin++) {
      relax();
      found = has_work(team) || atomic_load_explicit(&team->is_stopping, memory_order_relaxed);
    }
    if (found) continue;
    uint32_t wakeups = atomic_load(&team->wakeups);
    atomic_fetch_add(&team->sleepers, 1);
    if (!has_work(team) && !atomic_load(&team->is_stopping)) futex_wait(&team->wakeups, wakeups);
    atomic_fetch_sub(&team->sleepers, 1);
  }
  return NULL;
}

int swl_team_create(int32_t threads, int64_t scratch_size, struct swl_team **ret_team) {
  if (threads < 1 || scratch_size < 0) return -EINVAL;
  size_t each = ((size_t)scratch_size + 127) / 64 * 64;
  size_t size = (sizeof(struct swl_team) + (size_t)threads * sizeof(struct worker) + 63) / 64 * 64;
  struct swl_team *team = aligned_alloc(64, size);
  if (!team) return -ENOMEM;
  memset(team, 0, size);
  team->memory = aligned_alloc(64, each * (size_t)threads);
  if (!team->memory) {
    free(team);
    return -ENOMEM;
  }
  // Touched here, so that the first run meets no page faults.
  memset(team->memory, 0, each * (size_t)threads);
  team->scratch = team->memory;
  team->threads = 1;
  for (int32_t i = 1; i < threads; i++) {
    struct worker *worker = &team->workers[i - 1];
    worker->team = team;
    worker->scratch = team->memory + each * (size_t)i;
    int error = pthread_create(&worker->thread, NULL, serve, worker);
    if (error) {
      swl_team_destroy(team);
      return -error;
    }
    team->threads++;
  }
  *ret_team = team;
  return 0;
}

void swl_team_destroy(struct swl_team *team) {
  if (!team) return;
  atomic_store(&team->is_stopping, true);
  atomic_fetch_add(&team->wakeups, 1);
  futex_wake(&team->wakeups, INT32_MAX);
  for (int32_t i = 1; i < team->threads; i++) pthread_join(team->workers[i - 1].thread, NULL);
  free(team->memory);
  free(team);
}

static void wait_for_completion(struct swl_team *team, uint32_t chunks) {
  for (int spin = 0; spin < SPINS; spin++) {
    if (atomic_load_explicit(&team->completed, memory_order_acquire) == chunks) return;
    relax();
  }
  atomic_store(&team->caller_sleeps, true);
  for (;;) {
    uint32_t completed = atomic_load(&team->completed);
    if (completed == chunks) break;
    futex_wait(&team->completed, completed);
  }
  atomic_store(&team->caller_sleeps, false);
}

void swl_team_run(struct swl_team *team, const struct swl_step *step) {
  int64_t grain = step->grain > 0 ? step->grain : 1;
  int64_t chunks = (step->count + grain - 1) / grain;
  if (chunks <= 1 || team->threads == 1) {
    if (step->count > 0) step->function(step->arguments, team->scratch, 0, step->count);
    return;
  }
  if (chunks > MAXIMUM_CHUNKS) {
    grain = (step->count + MAXIMUM_CHUNKS - 1) / MAXIMUM_CHUNKS;
    chunks = (step->count + grain - 1) / grain;
  }
  atomic_store_explicit(&team->function, step->function, memory_order_relaxed);
  atomic_store_explicit(&team->arguments, step->arguments, memory_order_relaxed);
  atomic_store_explicit(&team->count, step->count, memory_order_relaxed);
  atomic_store_explicit(&team->grain, grain, memory_order_relaxed);
  atomic_store_explicit(&team->completed, 0, memory_order_relaxed);
  team->generation++;
  atomic_store(&team->ticket, (uint64_t)team->generation << 32 | (uint64_t)chunks << CHUNK_BITS);
  if (atomic_load(&team->sleepers) > 0) {
    atomic_fetch_add(&team->wakeups, 1);
    futex_wake(&team->wakeups, INT32_MAX);
  }
  work(team, team->scratch, true);
  wait_for_completion(team, (uint32_t)chunks);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void swl_team_run_all(struct swl_team *team, const struct swl_step *steps, int64_t count, const int32_t *owners, uint64_t *nanoseconds) {
  if (!nanoseconds) {
    for (int64_t i = 0; i < count; i++) swl_team_run(team, &steps[i]);
    return;
  }
  uint64_t before = now();
  for (int64_t i = 0; i < count; i++) {
    swl_team_run(team, &steps[i]);
    uint64_t after = now();
    nanoseconds[owners[i]] += after - before;
    before = after;
  }
}
