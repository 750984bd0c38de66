#include "placeholder.h"
int swl_video_placeholder(void) { return 0; }
