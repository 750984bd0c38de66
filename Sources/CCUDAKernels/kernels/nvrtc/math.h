// For the run-time compiler. Functions whose last bits depend on the library that computes them have no place on the device: the loader
// refuses what needs them, and here they are empty, which makes the image a quarter as large. sqrtf is exact, and the compiler's own.
#ifndef SWL_NVRTC_MATH_H
#define SWL_NVRTC_MATH_H
#define INFINITY __int_as_float(0x7F800000)
static inline float swl_refused(float x, float = 0.0f) { return x; }
// The one that is taken as it is, for the logarithm of a softmax: once a row, within two units in the last place of another library's.
static inline float swl_library_logf(float x) { return logf(x); }
#define logf swl_refused
#define log1pf swl_refused
#define expf swl_refused
#define expm1f swl_refused
#define erff swl_refused
#define powf swl_refused
#define sinf swl_refused
#define cosf swl_refused
#define tanf swl_refused
#define asinf swl_refused
#define acosf swl_refused
#define atanf swl_refused
#define sinhf swl_refused
#define coshf swl_refused
#define asinhf swl_refused
#define acoshf swl_refused
#define atanhf swl_refused
#endif
