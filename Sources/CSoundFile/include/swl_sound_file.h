// libsndfile, loaded when it is first needed: it brings seven codecs with it, which most programs that link it never use.
#pragma once
#include <sndfile.h>
#include <stdbool.h>

// Whether libsndfile.so.1 is there. Nothing below may be called before this said so.
bool swl_sound_file_is_available(void);

SNDFILE *swl_sound_file_open(int descriptor, int mode, SF_INFO *facts, int closes_descriptor);
int swl_sound_file_close(SNDFILE *file);
sf_count_t swl_sound_file_read(SNDFILE *file, float *samples, sf_count_t frames);
int swl_sound_file_error(SNDFILE *file);
const char *swl_sound_file_explanation(SNDFILE *file);
