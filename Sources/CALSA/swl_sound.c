#define _GNU_SOURCE
#include "functions.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { most_descriptors = 16 };

struct swl_sound {
  const struct swl_sound_library *library;
  snd_pcm_t *pcm;
  snd_pcm_hw_params_t *parameters;
  // The first is left for waking.
  struct pollfd descriptors[1 + most_descriptors];
  unsigned descriptor_count;
};

int swl_sound_open(const struct swl_sound_library *library, const char *name, struct swl_sound **ret_sound) {
  struct swl_sound *sound = calloc(1, sizeof *sound);
  if (!sound) return -ENOMEM;
  sound->library = library;
  int status = library->snd_pcm_open(&sound->pcm, name, SND_PCM_STREAM_CAPTURE, SND_PCM_NONBLOCK);
  if (status < 0) {
    free(sound);
    return status;
  }
  status = library->snd_pcm_hw_params_malloc(&sound->parameters);
  if (status < 0) {
    library->snd_pcm_close(sound->pcm);
    free(sound);
    return status;
  }
  *ret_sound = sound;
  return 0;
}

void swl_sound_close(struct swl_sound *sound) {
  sound->library->snd_pcm_hw_params_free(sound->parameters);
  sound->library->snd_pcm_close(sound->pcm);
  free(sound);
}

int swl_sound_begin(struct swl_sound *sound) {
  const struct swl_sound_library *library = sound->library;
  int status = library->snd_pcm_hw_params_any(sound->pcm, sound->parameters);
  if (status < 0) return status;
  // Its own is linear interpolation. A device that offers nothing without it keeps it.
  library->snd_pcm_hw_params_set_rate_resample(sound->pcm, sound->parameters, 0);
  return library->snd_pcm_hw_params_set_access(sound->pcm, sound->parameters, SND_PCM_ACCESS_RW_INTERLEAVED);
}

int swl_sound_narrow_rate(struct swl_sound *sound, unsigned rate) {
  const struct swl_sound_library *library = sound->library;
  // A set that fails may leave the parameters narrowed.
  int status = library->snd_pcm_hw_params_test_rate(sound->pcm, sound->parameters, rate, 0);
  return status < 0 ? status : library->snd_pcm_hw_params_set_rate(sound->pcm, sound->parameters, rate, 0);
}

int swl_sound_narrow_nearest_rate(struct swl_sound *sound, unsigned wanted, unsigned *ret_rate) {
  int status = sound->library->snd_pcm_hw_params_set_rate_near(sound->pcm, sound->parameters, &wanted, NULL);
  if (status < 0) return status;
  *ret_rate = wanted;
  return 0;
}

int swl_sound_narrow_channels(struct swl_sound *sound, unsigned channels) {
  const struct swl_sound_library *library = sound->library;
  int status = library->snd_pcm_hw_params_test_channels(sound->pcm, sound->parameters, channels);
  return status < 0 ? status : library->snd_pcm_hw_params_set_channels(sound->pcm, sound->parameters, channels);
}

int swl_sound_narrow_fewest_channels(struct swl_sound *sound, unsigned *ret_channels) {
  unsigned channels = 0;
  int status = sound->library->snd_pcm_hw_params_set_channels_first(sound->pcm, sound->parameters, &channels);
  if (status < 0) return status;
  *ret_channels = channels;
  return 0;
}

static snd_pcm_format_t alsa_format(enum swl_sound_format format) {
  switch (format) {
  case SWL_SOUND_U8: return SND_PCM_FORMAT_U8;
  case SWL_SOUND_S16: return SND_PCM_FORMAT_S16;
  case SWL_SOUND_S24_3:
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? SND_PCM_FORMAT_S24_3LE : SND_PCM_FORMAT_S24_3BE;
  case SWL_SOUND_S24: return SND_PCM_FORMAT_S24;
  case SWL_SOUND_S32: return SND_PCM_FORMAT_S32;
  case SWL_SOUND_FLOAT: return SND_PCM_FORMAT_FLOAT;
  }
  return SND_PCM_FORMAT_UNKNOWN;
}

int swl_sound_narrow_format(struct swl_sound *sound, enum swl_sound_format format) {
  const struct swl_sound_library *library = sound->library;
  int status = library->snd_pcm_hw_params_test_format(sound->pcm, sound->parameters, alsa_format(format));
  return status < 0 ? status : library->snd_pcm_hw_params_set_format(sound->pcm, sound->parameters, alsa_format(format));
}

// Wakes the reader for each period.
static int set_wakeups(struct swl_sound *sound, snd_pcm_uframes_t period) {
  const struct swl_sound_library *library = sound->library;
  snd_pcm_sw_params_t *software;
  int status = library->snd_pcm_sw_params_malloc(&software);
  if (status < 0) return status;
  status = library->snd_pcm_sw_params_current(sound->pcm, software);
  if (status >= 0) status = library->snd_pcm_sw_params_set_avail_min(sound->pcm, software, period);
  if (status >= 0) status = library->snd_pcm_sw_params(sound->pcm, software);
  library->snd_pcm_sw_params_free(software);
  return status;
}

int swl_sound_finish(struct swl_sound *sound, size_t period, size_t buffer, size_t *ret_period, size_t *ret_buffer) {
  const struct swl_sound_library *library = sound->library;
  snd_pcm_uframes_t got_period = period, got_buffer = buffer;
  int direction = 0;
  int status = library->snd_pcm_hw_params_set_period_size_near(sound->pcm, sound->parameters, &got_period, &direction);
  if (status >= 0) status = library->snd_pcm_hw_params_set_buffer_size_near(sound->pcm, sound->parameters, &got_buffer);
  // Includes the preparation.
  if (status >= 0) status = library->snd_pcm_hw_params(sound->pcm, sound->parameters);
  if (status >= 0) status = set_wakeups(sound, got_period);
  if (status < 0) return status;
  int count = library->snd_pcm_poll_descriptors_count(sound->pcm);
  if (count < 0 || count > most_descriptors) return -EMFILE;
  sound->descriptor_count = (unsigned)count;
  *ret_period = got_period;
  *ret_buffer = got_buffer;
  return 0;
}

int swl_sound_start(struct swl_sound *sound) { return sound->library->snd_pcm_start(sound->pcm); }

int swl_sound_prepare(struct swl_sound *sound) { return sound->library->snd_pcm_prepare(sound->pcm); }

int swl_sound_resume(struct swl_sound *sound) { return sound->library->snd_pcm_resume(sound->pcm); }

long swl_sound_read(struct swl_sound *sound, void *memory, size_t frames) {
  long count = sound->library->snd_pcm_readi(sound->pcm, memory, frames);
  return count == -EAGAIN || count == -EINTR ? 0 : count;
}

long swl_sound_waiting(struct swl_sound *sound) { return sound->library->snd_pcm_avail_update(sound->pcm); }

int swl_sound_wake_open(int *ret_descriptor) {
  int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (descriptor < 0) return -errno;
  *ret_descriptor = descriptor;
  return 0;
}

void swl_sound_wake(int descriptor) {
  uint64_t one = 1;
  // Full means that it is readable already.
  ssize_t written = write(descriptor, &one, sizeof one);
  (void)written;
}

enum swl_sound_wait_result swl_sound_wait(struct swl_sound *sound, int wake, int64_t nanoseconds) {
  struct pollfd alone = {.fd = -1};
  struct pollfd *descriptors = sound ? sound->descriptors : &alone;
  int count = 0;
  if (sound) count = sound->library->snd_pcm_poll_descriptors(sound->pcm, descriptors + 1, sound->descriptor_count);
  if (count < 0) return SWL_SOUND_READY;
  descriptors[0] = (struct pollfd){.fd = wake, .events = POLLIN};
  if (nanoseconds < 0) nanoseconds = 0;
  struct timespec timeout = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
  // An interrupted wait reads as a short one; callers look at their deadline.
  if (ppoll(descriptors, (nfds_t)count + 1, &timeout, NULL) <= 0) return SWL_SOUND_TIMEOUT;
  if (descriptors[0].revents) return SWL_SOUND_WOKEN;
  unsigned short events = 0;
  // What a plugin's descriptors say isn't always about sound.
  if (sound->library->snd_pcm_poll_descriptors_revents(sound->pcm, descriptors + 1, (unsigned)count, &events) < 0) return SWL_SOUND_READY;
  return events ? SWL_SOUND_READY : SWL_SOUND_TIMEOUT;
}
