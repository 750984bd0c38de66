#include "board.h"

// The two lamps of the board, the gate's output and the operator's; and the plant's line, for the pins that the emulated board doesn't have.
enum { FPGAIO_LEDS = 0x40028000, PLANT_DATA = 0x40005000 };

void board_outputs_off(void) { board_write(FPGAIO_LEDS, 0); }

void board_report_off(void) { board_write(PLANT_DATA, 'g'); }
