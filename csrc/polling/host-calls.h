/* What several files ask of the host. */
#ifndef PGLITE_HOST_CALLS_H
#define PGLITE_HOST_CALLS_H

#include "guest-libc.h"

#define NEVER __builtin_inf()

/* Milliseconds on the monotonic clock, which deadlines are on. */
GUEST_IMPORT(emscripten_get_now) double emscripten_get_now(void);

/* Sleeps until `deadline_ms`; not if *wake is already set, where it is not NULL. Other processes run
 * meanwhile, and only then: so what one of them sets is not slept through, if it wakes this one. Returns 0 at the
 * deadline; negative: woken, or a signal was handled. */
GUEST_IMPORT(pglite_host_sleep)
int pglite_host_sleep(const volatile int *wake, double deadline_ms);

/* Ends the sleep of another process. */
GUEST_IMPORT(pglite_host_wake) void pglite_host_wake(int process);

#endif
