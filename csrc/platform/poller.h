/* Poller: one thread waits for many sockets, and for other threads that want it. */
#ifndef PGN_PLATFORM_POLLER_H
#define PGN_PLATFORM_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct poller;

/* What may come of a socket; HANGUP, closed in both directions, is told unasked. */
enum { POLLER_READABLE = 1, POLLER_WRITABLE = 2, POLLER_HANGUP = 4 };

struct poller_event {
    void *context; /* as given to poller_add */
    int what;
};

/* NULL: no memory or descriptor, or a system call is refused, which the error names. */
struct poller *poller_open(struct error *error);
void poller_close(struct poller *poller); /* NULL is fine */

/* False: no memory. What is waited for stays so until it is changed. */
bool poller_add(struct poller *poller, int fd, int what, void *context);
bool poller_change(struct poller *poller, int fd, int what, void *context);
void poller_remove(struct poller *poller, int fd);

/* Waits until something has come, poller_wake has been called, or the monotonic time given (INT64_MAX: no
   limit; 0: it does not wait). How many events. */
int poller_wait(struct poller *poller, int64_t deadline_ns, struct poller_event *events, int size);

/* From any thread: the wait ends, or the next one does not begin. */
void poller_wake(struct poller *poller);

#endif
