// Arm's MPS2 board with the image AN386 (a Cortex-M4), as far as the gate's controller needs it. A port to another board replaces this folder and
// MPS2Board.swift.
#pragma once
#include <stdbool.h>
#include <stdint.h>

static inline uint32_t board_read(uint32_t address) { return *(volatile uint32_t *)(uintptr_t)address; }
static inline void board_write(uint32_t address, uint32_t value) { *(volatile uint32_t *)(uintptr_t)address = value; }

// Sleeps until an interrupt is pending. None is ever taken: interrupts are masked, so that the loop is the only thread there is.
static inline void board_wait(void) { __asm volatile("dsb\n wfi" ::: "memory"); }

/// Everything without power. Also called where the program can't go on.
void board_outputs_off(void);

/// Says so to the emulated plant; on real hardware nothing. The plant's line must be open.
void board_report_off(void);

/// Whether the watchdog ended the life before this one.
bool board_was_reset_by_watchdog(void);
