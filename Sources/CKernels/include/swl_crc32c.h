// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720, appendix B.4).
#ifndef SWL_CRC32C_H
#define SWL_CRC32C_H

#include <stdint.h>

// Goes on from `state`, which begins as 0xFFFFFFFF, over `count` bytes; the sum is the complement of the last state. Uses the processor's own
// instruction where there is one.
uint32_t swl_crc32c(uint32_t state, const void *bytes, int64_t count);

// The same by a table, eight bytes a step, on every processor.
uint32_t swl_crc32c_by_table(uint32_t state, const void *bytes, int64_t count);

#endif
