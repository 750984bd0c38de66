// For the run-time compiler, which knows memcpy by itself.
#ifndef SWL_NVRTC_STRING_H
#define SWL_NVRTC_STRING_H
// Of one element, or of more that don't overlap.
static inline void memmove(void *to, const void *from, size_t count) { memcpy(to, from, count); }
#endif
