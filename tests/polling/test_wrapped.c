/* Signals to oneself, sleeping in a host whose clock is ours, and copying with its help. */
#include <math.h>

#include "check.h"
#include "checkpointer.h"
#include "wal-writer.h"
#include "wrapped.h"

enum { PROCESS = 42 };

static struct {
    int process, signal, count;
} sent;

int __real_kill(int process, int signal);

int __real_kill(int process, int signal)
{
    sent.process = process;
    sent.signal = signal;
    sent.count++;
    return 0;
}

int getpid(void)
{
    return PROCESS;
}

int MyProcPid;

int pglite_host_signal(int process, int signal);

/* There is one other, 43, and the postmaster. */
int pglite_host_signal(int process, int signal)
{
    if (process != 43 && process != PG_POSTMASTER_PROCESS)
        return -ESRCH;
    sent.process = process;
    sent.signal = signal;
    return 0;
}

enum { NOT_TO_BE_WAITED = 77 };

bool checkpointer_goes_on(uint32_t event)
{
    return event == NOT_TO_BE_WAITED;
}

static double wal_writer_s_ms;

double wal_writer_timeout_ms(uint32_t event, double timeout_ms)
{
    return event == PG_WAIT_WAL_WRITER_MAIN ? wal_writer_s_ms : timeout_ms;
}

static uint32_t wait_event;
volatile uint32_t *my_wait_event_info = &wait_event;

/* What others see of a process that sleeps. */
static struct {
    const PGLatch *latch;
    int maybe_sleeping;
    uint32_t wait_event;
} seen;

static double now_ms = 1000;
static double wakes_at_ms = INFINITY; /* the host is disturbed then, once */
static int *set_when_woken;
static int sleeps;

double emscripten_get_now(void);
int pglite_host_sleep(const volatile int *wake, double deadline_ms);

double emscripten_get_now(void)
{
    return now_ms;
}

int pglite_host_sleep(const volatile int *wake, double deadline_ms)
{
    sleeps++;
    seen.maybe_sleeping = seen.latch != NULL && seen.latch->maybe_sleeping;
    seen.wait_event = *my_wait_event_info;
    if (wake != NULL && *wake)
        return -EINTR;
    if (wakes_at_ms < deadline_ms) {
        now_ms = wakes_at_ms;
        wakes_at_ms = INFINITY;
        if (set_when_woken != NULL)
            *set_when_woken = 1;
        return -EINTR;
    }
    now_ms = fmax(now_ms, deadline_ms);
    return 0;
}

static void test_kill(void)
{
    static const int self[] = {PROCESS, -PROCESS, 0};
    static const int others[] = {41, 44, -44, INT32_MIN};

    for (size_t i = 0; i < sizeof self / sizeof *self; i++) {
        sent.process = sent.signal = 0;
        CHECK_INT(0, __wrap_kill(self[i], 15));
        CHECK_INT(PROCESS, sent.process);
        CHECK_INT(15, sent.signal);
        CHECK_INT(0, __wrap_kill(self[i], 0));
        CHECK_INT((long long) i + 1, sent.count); /* signal 0 is not sent */
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        errno = 0;
        CHECK_INT(-1, __wrap_kill(others[i], 15));
        CHECK_INT(ESRCH, errno);
        CHECK_INT(3, sent.count);
    }
    CHECK_INT(0, __wrap_kill(-43, 10)); /* another backend's group */
    CHECK_INT(43, sent.process);
    CHECK_INT(10, sent.signal);

    CHECK_INT(0, __wrap_kill(PG_POSTMASTER_PROCESS, 10)); /* which is the host */
    CHECK_INT(PG_POSTMASTER_PROCESS, sent.process);
    CHECK_INT(0, __wrap_kill(43, 0)); /* whether it exists only the host knows */
    CHECK_INT(43, sent.process);
    CHECK_INT(0, sent.signal);
    CHECK_INT(3, sent.count);

    MyProcPid = 43; /* of a copy, which signals itself by the number that the original knows */
    CHECK_INT(0, __wrap_kill(43, 15));
    CHECK_INT(PROCESS, sent.process);
    CHECK_INT(4, sent.count);
    CHECK_INT(-1, __wrap_kill(PROCESS, 15));
    MyProcPid = 0;
    CHECK_INT(true, __wrap_PostmasterIsAliveInternal());
}

static void test_nanosleep(void)
{
    struct timespec duration = {2, 500000000}, left = {-1, -1};
    double start_ms = now_ms;

    CHECK_INT(0, __wrap_nanosleep(&duration, NULL));
    CHECK_INT(2500, (long long) (now_ms - start_ms));

    wakes_at_ms = now_ms + 750;
    CHECK_INT(-1, __wrap_nanosleep(&duration, &left));
    CHECK_INT(EINTR, errno);
    CHECK_INT(1, left.tv_sec);
    CHECK_INT(750000000, left.tv_nsec);
    wakes_at_ms = now_ms;
    CHECK_INT(-1, __wrap_nanosleep(&duration, NULL));

    sleeps = 0;
    for (int i = 0; i < 3; i++) {
        struct timespec wrong = {i == 0 ? -1 : 0, i == 1 ? -1 : i == 2 ? 1000000000 : 0};

        errno = 0;
        CHECK_INT(-1, __wrap_nanosleep(&wrong, &left));
        CHECK_INT(EINVAL, errno);
    }
    CHECK_INT(0, sleeps);
}

static void test_wait_latch(void)
{
    PGLatch latch = {.is_set = 1};
    double start_ms = now_ms;

    sleeps = 0;
    CHECK_INT(PG_LATCH_SET, __wrap_WaitLatch(&latch, PG_LATCH_SET | PG_TIMEOUT, 100, 0));
    CHECK_INT(PG_LATCH_SET, __wrap_WaitLatch(&latch, PG_LATCH_SET, -1, 0));
    CHECK_INT(0, sleeps); /* it was set */

    /* Not waited for, it may be set, or not even there. */
    CHECK_INT(PG_TIMEOUT, __wrap_WaitLatch(&latch, PG_TIMEOUT, 100, 0));
    CHECK_INT(PG_TIMEOUT, __wrap_WaitLatch(NULL, PG_TIMEOUT, 100, 0));
    CHECK_INT(200, (long long) (now_ms - start_ms));

    /* A signal that does not set it leaves the time that was left. */
    latch.is_set = 0;
    start_ms = now_ms;
    wakes_at_ms = now_ms + 30;
    CHECK_INT(PG_TIMEOUT, __wrap_WaitLatch(&latch, PG_LATCH_SET | PG_TIMEOUT, 100, 0));
    CHECK_INT(100, (long long) (now_ms - start_ms));

    set_when_woken = (int *) &latch.is_set;
    wakes_at_ms = now_ms + 30;
    CHECK_INT(PG_LATCH_SET, __wrap_WaitLatch(&latch, PG_LATCH_SET | PG_TIMEOUT, 100, 0));
    CHECK_INT(130, (long long) (now_ms - start_ms));
    latch.is_set = 0;
    wakes_at_ms = now_ms + 1e9;
    CHECK_INT(PG_LATCH_SET, __wrap_WaitLatch(&latch, PG_LATCH_SET, -1, 0)); /* no timeout */
    CHECK_INT(PG_TIMEOUT, __wrap_WaitLatch(NULL, PG_TIMEOUT, 0, 0));
    CHECK_INT(PG_TIMEOUT, __wrap_WaitLatch(&latch, PG_LATCH_SET, -1, NOT_TO_BE_WAITED));
}

/* The setter of a latch signals a process that may sleep, and pg_stat_activity says for what. */
static void test_sleeper_is_seen(void)
{
    enum { EVENT = 0x05000001 };
    PGLatch latch = {0};

    seen.latch = &latch;
    CHECK_INT(PG_TIMEOUT, __wrap_WaitLatch(&latch, PG_LATCH_SET | PG_TIMEOUT, 100, EVENT));
    CHECK_INT(1, seen.maybe_sleeping);
    CHECK_INT(EVENT, seen.wait_event);
    CHECK_INT(0, latch.maybe_sleeping);
    CHECK_INT(0, wait_event);

    set_when_woken = (int *) &latch.is_set;
    wakes_at_ms = now_ms + 30;
    CHECK_INT(PG_LATCH_SET, __wrap_WaitLatch(&latch, PG_LATCH_SET, -1, EVENT));
    CHECK_INT(1, seen.maybe_sleeping);
    CHECK_INT(0, latch.maybe_sleeping);
    CHECK_INT(0, wait_event);
    CHECK_INT(PG_LATCH_SET, __wrap_WaitLatch(&latch, PG_LATCH_SET, -1, EVENT)); /* set: no sleep */
    CHECK_INT(0, latch.maybe_sleeping);
    CHECK_INT(0, wait_event);

    /* One that is not waited for needs no signal. */
    CHECK_INT(PG_TIMEOUT, __wrap_WaitLatch(&latch, PG_TIMEOUT, 100, EVENT));
    CHECK_INT(0, seen.maybe_sleeping);
    CHECK_INT(EVENT, seen.wait_event);
    CHECK_INT(0, wait_event);
    seen.latch = NULL;
    set_when_woken = NULL;
}

static struct {
    int answer;
    const char *asked_from, *asked_to; /* of the host */
    const char *from, *to;             /* copied by PostgreSQL */
} copying;

int pglite_host_clone_file(const char *from, const char *to);
void __real_copy_file(const char *from, const char *to);

int pglite_host_clone_file(const char *from, const char *to)
{
    copying.asked_from = from;
    copying.asked_to = to;
    return copying.answer;
}

void __real_copy_file(const char *from, const char *to)
{
    copying.from = from;
    copying.to = to;
}

static void test_copy_file(void)
{
    static const int refusals[] = {-EXDEV, -ENOTSUP, -EEXIST, -ENOSPC};
    const char *from = "base/1/1259", *to = "base/2/1259";

    copying.answer = 0;
    __wrap_copy_file(from, to);
    CHECK_INT(true, copying.asked_from == from && copying.asked_to == to);
    CHECK_INT(true, copying.from == NULL);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        copying.from = copying.to = NULL;
        copying.answer = refusals[i];
        __wrap_copy_file(from, to);
        CHECK_INT(true, copying.from == from && copying.to == to);
    }
}

int main(void)
{
    test_kill();
    test_nanosleep();
    test_wait_latch();
    test_sleeper_is_seen();
    test_copy_file();
    puts("ok");
    return 0;
}
