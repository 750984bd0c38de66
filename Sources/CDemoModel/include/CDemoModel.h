// The demo's detector: a package inside the program, so that `swiftlet demo` needs no file.
#pragma once
#include <stddef.h>

/// The package's bytes, 64-byte aligned, and how many there are.
const unsigned char *swl_demo_model_bytes(void);
size_t swl_demo_model_byte_count(void);
