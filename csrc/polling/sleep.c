/* Sleeping in the host, where originally the guest asks the clock until the time is over. */
#include "shared.h"
#include "wrapped.h"

#define NS_PER_S 1000000000
#define NS_PER_MS 1e6
#define MS_PER_S 1e3
#define NEVER __builtin_inf()

/* Milliseconds on the monotonic clock, which deadlines are on. */
GUEST_IMPORT(emscripten_get_now) double emscripten_get_now(void);

/* Sleeps until `deadline_ms`; not if *wake is already set, where it is not NULL. The host looks at it
 * when no signal can come any more, so that one which sets it just before is not slept through: what
 * futex(2) is for. Returns 0 at the deadline; negative: woken, or a signal was handled. */
GUEST_IMPORT(pglite_host_sleep)
int pglite_host_sleep(const volatile int *wake, double deadline_ms);

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

/* Sessions take turns, and whoever has the lock has had its own: the wait could only end by its timeout.
 * PostgreSQL checks for interrupts, which may raise errors, where it waits. */
static _Noreturn void refuse_to_wait(void)
{
    errstart(PG_ERROR, NULL);
    errcode(PG_SQLSTATE('5', '5', 'P', '0', '3'));
    errmsg("could not obtain lock: another session holds it");
    errdetail("The sessions of this server take turns, so the lock cannot be released while this "
              "one waits.");
    errhint("Try again later, or use NOWAIT or pg_try_advisory_lock.");
    errfinish("proc.c", 0, "ProcSleep");
    __builtin_unreachable();
}

int __wrap_WaitLatch(PGLatch *latch, int wake_events, long timeout_ms, uint32_t wait_event_info)
{
    bool has_timeout = (wake_events & PG_TIMEOUT) != 0;
    double deadline_ms = has_timeout ? emscripten_get_now() + (double) timeout_ms : NEVER;
    const volatile int *wake = (wake_events & PG_LATCH_SET) != 0 ? &latch->is_set : NULL;

    for (;;) {
        if (wake != NULL && *wake)
            return PG_LATCH_SET;
        if ((wait_event_info & PG_WAIT_CLASS) == PG_WAIT_LOCK && shared_is_closed())
            refuse_to_wait();
        if (pglite_host_sleep(wake, deadline_ms) == 0)
            return PG_TIMEOUT;
    }
}
