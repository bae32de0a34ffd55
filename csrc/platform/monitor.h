/* Monitor: a mutex and one condition, for threads that meet at an engine. */
#ifndef PGN_PLATFORM_MONITOR_H
#define PGN_PLATFORM_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

struct monitor;

/* NULL when memory is out. */
struct monitor *monitor_open(void);
void monitor_close(struct monitor *monitor);

void monitor_enter(struct monitor *monitor);
void monitor_leave(struct monitor *monitor);

/* Inside: lets others in until monitor_notify, or the monotonic time given (INT64_MAX: no limit).
   False when the time was up. May return early without reason: check in a loop. */
bool monitor_wait(struct monitor *monitor, int64_t deadline_ns);

/* Inside or outside: wakes all who wait. */
void monitor_notify(struct monitor *monitor);

#endif
