/* Clocks and entropy of the operating system. */
#ifndef PGN_PLATFORM_CLOCK_H
#define PGN_PLATFORM_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t platform_realtime_ns(void);  /* since 1970-01-01 UTC */
int64_t platform_monotonic_ns(void); /* since an arbitrary point */

/* The time until one of the latter, as poll and epoll_wait take it: milliseconds, rounded up, so that they never return
   too early; -1, for ever, for INT64_MAX; 0 is past. */
int platform_timeout_ms(int64_t deadline_ns);

/* Cryptographically strong bytes; false when the system has none. */
bool platform_random(void *bytes, size_t size);

#endif
