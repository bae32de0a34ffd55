/* Sleeping in the host, where originally the guest asks the clock until the time is over. */
#include "checkpointer.h"
#include "host-calls.h"
#include "wal-writer.h"
#include "wrapped.h"

#define NS_PER_S 1000000000
#define NS_PER_MS 1e6
#define MS_PER_S 1e3

int __wrap_nanosleep(const struct timespec *duration, struct timespec *remaining)
{
    double deadline_ms, left_ms;

    if (duration->tv_sec < 0 || duration->tv_nsec < 0 || duration->tv_nsec >= NS_PER_S) {
        errno = EINVAL;
        return -1;
    }
    deadline_ms = emscripten_get_now() + (double) duration->tv_sec * MS_PER_S
                  + (double) duration->tv_nsec / NS_PER_MS;
    if (pglite_host_sleep(NULL, deadline_ms) == 0)
        return 0;
    if (remaining != NULL) {
        left_ms = deadline_ms - emscripten_get_now();
        if (left_ms < 0)
            left_ms = 0;
        remaining->tv_sec = (int64_t) (left_ms / MS_PER_S);
        remaining->tv_nsec = (long) ((left_ms - (double) remaining->tv_sec * MS_PER_S) * NS_PER_MS);
    }
    errno = EINTR;
    return -1;
}

/* The setter of a latch looks at maybe_sleeping, and sends a signal if it is set. */
static int wait_latch(PGLatch *latch, int wake_events, double deadline_ms)
{
    const volatile int *wake = (wake_events & PG_LATCH_SET) != 0 ? &latch->is_set : NULL;

    if (wake != NULL)
        latch->maybe_sleeping = 1;
    for (;;) {
        if (wake != NULL && *wake)
            return PG_LATCH_SET;
        if (pglite_host_sleep(wake, deadline_ms) == 0)
            return PG_TIMEOUT;
    }
}

int __wrap_WaitLatch(PGLatch *latch, int wake_events, long timeout_ms, uint32_t wait_event_info)
{
    double duration_ms = (wake_events & PG_TIMEOUT) != 0 ? (double) timeout_ms : NEVER;
    double deadline_ms;
    int event;

    if (checkpointer_goes_on(wait_event_info))
        return PG_TIMEOUT;
    deadline_ms = emscripten_get_now() + wal_writer_timeout_ms(wait_event_info, duration_ms);
    *my_wait_event_info = wait_event_info;
    event = wait_latch(latch, wake_events, deadline_ms);
    *my_wait_event_info = 0;
    if (latch != NULL)
        latch->maybe_sleeping = 0;
    return event;
}
