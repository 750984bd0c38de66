// The functions of libasound that are used; their types are its headers'.
#pragma once
#include <alsa/asoundlib.h>
#include "swl_sound.h"

#define SWL_SOUND_FUNCTIONS(F)                                                                                                   \
  F(snd_lib_error_set_handler)                                                                                                   \
  F(snd_card_next) F(snd_ctl_open) F(snd_ctl_close) F(snd_ctl_card_info) F(snd_ctl_pcm_next_device) F(snd_ctl_pcm_info)          \
  F(snd_ctl_card_info_malloc) F(snd_ctl_card_info_free) F(snd_ctl_card_info_get_id) F(snd_ctl_card_info_get_name)                \
  F(snd_pcm_info_malloc) F(snd_pcm_info_free) F(snd_pcm_info_set_device) F(snd_pcm_info_set_subdevice)                           \
  F(snd_pcm_info_set_stream) F(snd_pcm_info_get_name)                                                                            \
  F(snd_pcm_open) F(snd_pcm_close) F(snd_pcm_start) F(snd_pcm_prepare) F(snd_pcm_resume) F(snd_pcm_readi)                        \
  F(snd_pcm_avail_update) F(snd_pcm_poll_descriptors_count) F(snd_pcm_poll_descriptors) F(snd_pcm_poll_descriptors_revents)      \
  F(snd_pcm_hw_params_malloc) F(snd_pcm_hw_params_free) F(snd_pcm_hw_params_any) F(snd_pcm_hw_params)                            \
  F(snd_pcm_hw_params_set_rate_resample) F(snd_pcm_hw_params_set_access) F(snd_pcm_hw_params_test_rate)                          \
  F(snd_pcm_hw_params_set_rate) F(snd_pcm_hw_params_set_rate_near) F(snd_pcm_hw_params_test_channels)                            \
  F(snd_pcm_hw_params_set_channels) F(snd_pcm_hw_params_set_channels_first) F(snd_pcm_hw_params_test_format)                     \
  F(snd_pcm_hw_params_set_format) F(snd_pcm_hw_params_set_period_size_near) F(snd_pcm_hw_params_set_buffer_size_near)            \
  F(snd_pcm_sw_params_malloc) F(snd_pcm_sw_params_free) F(snd_pcm_sw_params_current) F(snd_pcm_sw_params_set_avail_min)          \
  F(snd_pcm_sw_params)

struct swl_sound_library {
#define SWL_SOUND_MEMBER(name) __typeof__(name) *name;
  SWL_SOUND_FUNCTIONS(SWL_SOUND_MEMBER)
#undef SWL_SOUND_MEMBER
};
