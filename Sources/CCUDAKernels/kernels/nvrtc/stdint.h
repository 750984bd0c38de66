// For the run-time compiler, which brings no C library.
#ifndef SWL_NVRTC_STDINT_H
#define SWL_NVRTC_STDINT_H
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
#define INT64_MAX 0x7FFFFFFFFFFFFFFFll
#define INT64_MIN (-INT64_MAX - 1)
#define UINT64_MAX 0xFFFFFFFFFFFFFFFFull
#endif
