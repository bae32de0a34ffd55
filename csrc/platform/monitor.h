/* Monitor: a mutex, and conditions that threads wait for inside it. */
#ifndef PGN_PLATFORM_MONITOR_H
#define PGN_PLATFORM_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

struct monitor;
struct condition;

/* NULL when memory is out. */
struct monitor *monitor_open(void);
void monitor_close(struct monitor *monitor); /* NULL is fine */

void monitor_enter(struct monitor *monitor);
void monitor_leave(struct monitor *monitor);

/* NULL when memory is out. A condition is used inside one monitor only. */
struct condition *condition_open(void);
void condition_close(struct condition *condition); /* NULL is fine */

/* Inside: lets others in until condition_notify, or the monotonic time given (INT64_MAX: no limit).
   False when the time was up. May return early without reason: check in a loop. */
bool condition_wait(struct condition *condition, struct monitor *monitor, int64_t deadline_ns);

/* Inside or outside: wakes all threads that wait for it. */
void condition_notify(struct condition *condition);

#endif
