// A fixed team of threads that runs the items of one step at a time. Nothing is allocated after creation.
#ifndef SWL_TEAM_H
#define SWL_TEAM_H

#include "swl_kernel.h"

struct swl_team;

// One step of a plan: `function` over items 0..<count, handed out `grain` items at a time.
struct swl_step {
  swl_function function;
  const void *arguments;
  int64_t count;
  int64_t grain;
};

// A team of `threads` threads, the caller of swl_team_run among them; each has `scratch_size` bytes of scratch.
// Returns 0, or a negative errno and leaves *ret_team untouched.
int swl_team_create(int32_t threads, int64_t scratch_size, struct swl_team **ret_team);
void swl_team_destroy(struct swl_team *team);
// Runs one step to its end. Only one thread may call this at a time for one team.
void swl_team_run(struct swl_team *team, const struct swl_step *step);
// Runs steps in order; where nanoseconds is not NULL, adds each step's time to nanoseconds[owners[i]].
void swl_team_run_all(struct swl_team *team, const struct swl_step *steps, int64_t count, const int32_t *owners, uint64_t *nanoseconds);

#endif
