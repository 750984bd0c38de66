// ALSA's capture side without its macros and opaque parameter sets, by a libasound that is loaded when it is first needed.
// Functions return 0 or a negative errno; what `ret_` names is written only on success. A `swl_sound` is used by one thread at a
// time.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct swl_sound_library;
struct swl_sound;

// Loads the library of that name ("libasound.so.2"); -ENOSYS where there is none, or not one of ALSA's. It stays loaded for ever.
// From here on libasound prints nothing.
int swl_sound_library_open(const char *name, const struct swl_sound_library **ret_library);
void swl_sound_library_close(const struct swl_sound_library *library);

// Sample formats in the machine's byte order.
enum swl_sound_format {
  SWL_SOUND_U8,
  SWL_SOUND_S16,
  SWL_SOUND_S24_3, // three bytes
  SWL_SOUND_S24,   // in the lower three of four bytes
  SWL_SOUND_S32,
  SWL_SOUND_FLOAT,
};

// Opens a device for capture without waiting for whoever uses it.
int swl_sound_open(const struct swl_sound_library *library, const char *name, struct swl_sound **ret_sound);
void swl_sound_close(struct swl_sound *sound);

// Negotiation: at first all that the device offers is possible, except ALSA's own resampling; each step leaves less of it, or, on
// failure, everything as it was.
int swl_sound_begin(struct swl_sound *sound);
int swl_sound_narrow_rate(struct swl_sound *sound, unsigned rate);
int swl_sound_narrow_nearest_rate(struct swl_sound *sound, unsigned wanted, unsigned *ret_rate);
int swl_sound_narrow_channels(struct swl_sound *sound, unsigned channels);
int swl_sound_narrow_fewest_channels(struct swl_sound *sound, unsigned *ret_channels);
int swl_sound_narrow_format(struct swl_sound *sound, enum swl_sound_format format);
// Sets what was left, with periods and a buffer of about so many frames. The device is then ready to start.
int swl_sound_finish(struct swl_sound *sound, size_t period, size_t buffer, size_t *ret_period, size_t *ret_buffer);

int swl_sound_start(struct swl_sound *sound);
// After an overrun.
int swl_sound_prepare(struct swl_sound *sound);
// After a suspension: -EAGAIN while it lasts; another failure asks for swl_sound_prepare.
int swl_sound_resume(struct swl_sound *sound);
// Frames read into `memory`; 0 where none is there yet; -EPIPE after an overrun, -ESTRPIPE while suspended, -ENODEV where the
// device is gone.
long swl_sound_read(struct swl_sound *sound, void *memory, size_t frames);
// Frames that the device holds.
long swl_sound_waiting(struct swl_sound *sound);

// A descriptor that becomes readable by swl_sound_wake and stays so.
int swl_sound_wake_open(int *ret_descriptor);
void swl_sound_wake(int descriptor);

enum swl_sound_wait_result { SWL_SOUND_TIMEOUT, SWL_SOUND_WOKEN, SWL_SOUND_READY };
// Waits until `wake` is readable (WOKEN), a read tells something new, good or bad (READY), or so many nanoseconds passed
// (TIMEOUT). Without a sound it waits for the other two.
enum swl_sound_wait_result swl_sound_wait(struct swl_sound *sound, int wake, int64_t nanoseconds);

struct swl_sound_capture_device {
  int card, device;
  char card_id[32];
  char card_name[80];
  char device_name[80];
};
// The capture device after the given one; card −1 begins. -ENOENT behind the last.
int swl_sound_next_capture_device(const struct swl_sound_library *library, int card, int device, struct swl_sound_capture_device *ret_device);
