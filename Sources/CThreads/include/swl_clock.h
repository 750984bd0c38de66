// Clocks: of the C library what Swift's Glibc module leaves out.
#pragma once
#include <sys/timerfd.h>
#include <sys/timex.h>
