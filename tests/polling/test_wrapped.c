/* Signals to oneself, sleeping in a host whose clock is ours, and copying with its help. */
#include <math.h>
#include <setjmp.h>

#include "check.h"
#include "shared.h"
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

/* There is one other, 43. */
int pglite_host_signal(int process, int signal)
{
    if (process != 43)
        return -ESRCH;
    sent.process = process;
    sent.signal = signal;
    return 0;
}

/* What a lock's waiter is told, by the SQLSTATE. */
static bool shared;
static int refused_with;
static jmp_buf refusal;

bool shared_is_closed(void)
{
    return shared;
}

bool errstart(int level, const char *domain)
{
    (void) domain;
    return level == PG_ERROR;
}

int errcode(int sqlstate)
{
    return refused_with = sqlstate;
}

int errmsg(const char *format, ...)
{
    return format != NULL;
}

int errdetail(const char *format, ...)
{
    return format != NULL;
}

int errhint(const char *format, ...)
{
    return format != NULL;
}

void errfinish(const char *file, int line, const char *function)
{
    (void) file;
    (void) line;
    (void) function;
    longjmp(refusal, 1);
}

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
    static const int others[] = {1, 41, 44, -44, -1, INT32_MIN};

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
    PGLatch latch = {1};
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
}

/* Alone, one waits for a lock until a timer ends it; among others that would be for ever. */
static void test_wait_for_lock(void)
{
    PGLatch latch = {0};

    CHECK_INT(PG_TIMEOUT, __wrap_WaitLatch(&latch, PG_LATCH_SET | PG_TIMEOUT, 100, PG_WAIT_LOCK));
    shared = true;
    CHECK_INT(PG_TIMEOUT, __wrap_WaitLatch(&latch, PG_LATCH_SET | PG_TIMEOUT, 100, 0x05000001));
    if (setjmp(refusal) == 0) {
        __wrap_WaitLatch(&latch, PG_LATCH_SET, 0, PG_WAIT_LOCK | 7);
        CHECK_INT(true, false);
    }
    CHECK_INT(PG_SQLSTATE('5', '5', 'P', '0', '3'), refused_with);
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
    test_wait_for_lock();
    test_copy_file();
    puts("ok");
    return 0;
}
