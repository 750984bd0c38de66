#include "placeholder.h"
int swl_placeholder(void) { return 0; }
