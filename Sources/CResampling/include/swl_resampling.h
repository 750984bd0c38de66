// libsoxr, loaded when it is first needed: boxes without a microphone don't need it, nor what it brings with it.
#pragma once
#include <soxr.h>
#include <stdbool.h>

// Whether libsoxr.so.0 is there. Nothing below may be called before this said so.
bool swl_resampling_is_available(void);

// One channel of float32.
soxr_t swl_resampling_create(double input_rate, double output_rate, soxr_error_t *ret_failure);
void swl_resampling_delete(soxr_t handle);
soxr_error_t swl_resampling_process(soxr_t handle, const void *input, size_t input_count, size_t *ret_taken, void *output, size_t output_count, size_t *ret_made);
