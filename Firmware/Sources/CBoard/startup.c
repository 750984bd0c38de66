// From the reset vector to main, and what becomes of a program that can't go on.
#include "board.h"

extern uint32_t data_source, data_start, data_end, bss_start, bss_end, stack_top;
int main(int count, char **arguments);

// The last bytes of memory, which no reset clears: in them the watchdog's first expiry leaves a note for the next life.
extern volatile uint32_t last_words[2];
static const uint32_t note = 0x57444F47u;
static bool was_reset_by_watchdog;

bool board_was_reset_by_watchdog(void) { return was_reset_by_watchdog; }

static void reset(void) {
  board_outputs_off();
  for (uint32_t *from = &data_source, *to = &data_start; to < &data_end;) *to++ = *from++;
  for (uint32_t *to = &bss_start; to < &bss_end;) *to++ = 0;
  was_reset_by_watchdog = last_words[0] == note && last_words[1] == ~note;
  last_words[0] = last_words[1] = 0;
  __asm volatile("cpsid i" ::: "memory");
  (void)main(0, 0);
  for (;;) {}
}

// The gate goes to its safe position at once; the watchdog, which nobody feeds any more, then resets everything.
static void give_up(void) {
  board_outputs_off();
  last_words[0] = note;
  last_words[1] = ~note;
  board_report_off();
  for (;;) {}
}

// The watchdog's first expiry is the NMI; every other exception is a mistake of the program. Interrupts are masked.
__attribute__((section(".vectors"), used)) static const void *const vectors[] = {
    &stack_top, (const void *)reset,   (const void *)give_up, (const void *)give_up, (const void *)give_up, (const void *)give_up,
    (const void *)give_up, (const void *)give_up, (const void *)give_up, (const void *)give_up, (const void *)give_up, (const void *)give_up,
    (const void *)give_up, (const void *)give_up, (const void *)give_up, (const void *)give_up,
};
