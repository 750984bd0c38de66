#include "CDemoModel.h"

// `swiftlet compile Calibration/surface-defects/surface-defects.onnx --recipe Calibration/surface-defects/surface-defects.yaml
// --calibrate recipe -o Sources/CDemoModel/surface-defects.swiftlet` renews it.
// C23's #embed, which the compiler takes in every mode.
#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char package[] __attribute__((aligned(64))) = {
#embed "surface-defects.swiftlet"
};

const unsigned char *swl_demo_model_bytes(void) { return package; }

size_t swl_demo_model_byte_count(void) { return sizeof package; }
