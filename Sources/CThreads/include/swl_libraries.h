// Libraries that a release program opens when one of their functions is called (Packaging/link/delayed.c).
#pragma once

/// Opens all of them now, so that none is missed later. Gives why one can't be opened, which stays valid until the thread's next call, or NULL; NULL also in
/// a program that was linked with its libraries.
const char *swl_open_libraries(void);
