// For the run-time compiler, which knows the functions by itself. sqrtf and fmodf are exact.
#ifndef SWL_NVRTC_MATH_H
#define SWL_NVRTC_MATH_H
#define INFINITY __int_as_float(0x7F800000)
// For the logarithm of a softmax: once a row, within two units in the last place of another library's.
static inline float swl_library_logf(float x) { return logf(x); }
#endif
