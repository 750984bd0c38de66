#include "CDemoModel.h"

// Trained and compiled as Calibration/ describes; renewed by its script. A source tree without the package builds all the
// same, and the demo then asks for one.
#if __has_embed("surface-defects.swiftlet") == __STDC_EMBED_FOUND__
static const unsigned char package[] __attribute__((aligned(64))) = {
#embed "surface-defects.swiftlet"
};
static const size_t byte_count = sizeof package;
#else
static const unsigned char package[1] = {0};
static const size_t byte_count = 0;
#endif

const unsigned char *swl_demo_model_bytes(void) { return package; }

size_t swl_demo_model_byte_count(void) { return byte_count; }
