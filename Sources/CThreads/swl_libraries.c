#include "swl_libraries.h"

#include <stddef.h>

extern const char *swl_delayed_open_all(void) __attribute__((weak));

const char *swl_open_libraries(void) { return swl_delayed_open_all ? swl_delayed_open_all() : NULL; }
