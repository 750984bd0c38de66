#include "functions.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

// What libasound would print on standard error is returned as an errno all the same.
static void be_silent(const char *file, int line, const char *function, int error, const char *format, ...) {
  (void)file, (void)line, (void)function, (void)error, (void)format;
}

int swl_sound_library_open(const char *name, const struct swl_sound_library **ret_library) {
  // Not to be unloaded: its plugins may have threads of their own.
  void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle) return -ENOSYS;
  struct swl_sound_library *library = calloc(1, sizeof *library);
  if (!library) {
    dlclose(handle);
    return -ENOMEM;
  }
  bool whole = true;
#define SWL_SOUND_FIND(name)                                                                                                     \
  *(void **)&library->name = dlsym(handle, #name);                                                                               \
  whole = whole && library->name;
  SWL_SOUND_FUNCTIONS(SWL_SOUND_FIND)
#undef SWL_SOUND_FIND
  dlclose(handle);
  if (!whole) {
    free(library);
    return -ENOSYS;
  }
  library->snd_lib_error_set_handler(be_silent);
  *ret_library = library;
  return 0;
}

void swl_sound_library_close(const struct swl_sound_library *library) { free((void *)library); }

static void copy_text(char *target, const char *source, size_t size) {
  strncpy(target, source ? source : "", size - 1);
  target[size - 1] = 0;
}

// The capture device of one card after `device`; -ENOENT behind its last.
static int next_of_card(const struct swl_sound_library *library, int card, int device, struct swl_sound_capture_device *ret_device) {
  char name[32];
  snprintf(name, sizeof name, "hw:%d", card);
  snd_ctl_t *control;
  int status = library->snd_ctl_open(&control, name, SND_CTL_NONBLOCK);
  if (status < 0) return -ENOENT;
  snd_ctl_card_info_t *facts = NULL;
  snd_pcm_info_t *pcm = NULL;
  status = -ENOENT;
  if (library->snd_ctl_card_info_malloc(&facts) < 0 || library->snd_pcm_info_malloc(&pcm) < 0) goto end;
  if (library->snd_ctl_card_info(control, facts) < 0) goto end;
  while (library->snd_ctl_pcm_next_device(control, &device) == 0 && device >= 0) {
    library->snd_pcm_info_set_device(pcm, (unsigned)device);
    library->snd_pcm_info_set_subdevice(pcm, 0);
    library->snd_pcm_info_set_stream(pcm, SND_PCM_STREAM_CAPTURE);
    if (library->snd_ctl_pcm_info(control, pcm) < 0) continue;
    ret_device->card = card;
    ret_device->device = device;
    copy_text(ret_device->card_id, library->snd_ctl_card_info_get_id(facts), sizeof ret_device->card_id);
    copy_text(ret_device->card_name, library->snd_ctl_card_info_get_name(facts), sizeof ret_device->card_name);
    copy_text(ret_device->device_name, library->snd_pcm_info_get_name(pcm), sizeof ret_device->device_name);
    status = 0;
    break;
  }
end:
  if (pcm) library->snd_pcm_info_free(pcm);
  if (facts) library->snd_ctl_card_info_free(facts);
  library->snd_ctl_close(control);
  return status;
}

int swl_sound_next_capture_device(const struct swl_sound_library *library, int card, int device, struct swl_sound_capture_device *ret_device) {
  if (card < 0) {
    if (library->snd_card_next(&card) < 0) return -ENOENT;
    device = -1;
  }
  while (card >= 0) {
    if (next_of_card(library, card, device, ret_device) == 0) return 0;
    device = -1;
    if (library->snd_card_next(&card) < 0) return -ENOENT;
  }
  return -ENOENT;
}
