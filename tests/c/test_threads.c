/* What threads meet at: monitors and conditions, threads of our own, pollers, sockets. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "platform/clock.h"
#include "platform/monitor.h"
#include "platform/poller.h"
#include "platform/socket.h"
#include "platform/thread.h"

enum { THREADS = 4, TURNS = 2000 };

#define MS INT64_C(1000000)
#define SOON (platform_monotonic_ns() + 20 * MS)
#define LATE (platform_monotonic_ns() + 60000 * MS) /* a test that comes to it has failed */

/* ---- Monitor and conditions ---- */

struct meeting {
    struct monitor *monitor;
    struct condition *counted, *go;
    int count, gone;
    bool may_go;
};

static void meeting_open(struct meeting *meeting)
{
    *meeting = (struct meeting){.monitor = monitor_open(),
                                .counted = condition_open(),
                                .go = condition_open()};
    CHECK_TRUE(meeting->monitor && meeting->counted && meeting->go);
}

static void meeting_close(struct meeting *meeting)
{
    condition_close(meeting->counted);
    condition_close(meeting->go);
    monitor_close(meeting->monitor);
}

static void start_all(struct thread *threads[THREADS], void (*function)(void *), void *context)
{
    for (int i = 0; i < THREADS; i++)
        CHECK_TRUE((threads[i] = thread_start(function, context)) != NULL);
}

static void join_all(struct thread *threads[THREADS])
{
    for (int i = 0; i < THREADS; i++)
        thread_join(threads[i]);
}

static void add_thousands(void *context)
{
    struct meeting *meeting = context;

    for (int i = 0; i < TURNS; i++) {
        monitor_enter(meeting->monitor);
        meeting->count++;
        condition_notify(meeting->counted);
        monitor_leave(meeting->monitor);
    }
}

static void monitor_excludes_and_wakes(void)
{
    struct meeting meeting;
    struct thread *threads[THREADS];

    meeting_open(&meeting);
    monitor_enter(meeting.monitor);
    start_all(threads, add_thousands, &meeting);
    while (meeting.count < THREADS * TURNS)
        CHECK_TRUE(condition_wait(meeting.counted, meeting.monitor, INT64_MAX));
    monitor_leave(meeting.monitor);
    join_all(threads);
    CHECK_INT(meeting.count, THREADS * TURNS);
    meeting_close(&meeting);
    monitor_close(NULL);
    condition_close(NULL);
}

static void condition_waits_no_longer_than_asked(void)
{
    struct meeting meeting;
    int64_t start = platform_monotonic_ns(), deadline = start + 20 * MS;

    meeting_open(&meeting);
    monitor_enter(meeting.monitor);
    CHECK_TRUE(!condition_wait(meeting.go, meeting.monitor, start)); /* it is past already */
    while (condition_wait(meeting.go, meeting.monitor, deadline))
        CHECK_TRUE(platform_monotonic_ns() - start < 10000 * MS);
    CHECK_TRUE(platform_monotonic_ns() >= deadline - MS);
    monitor_leave(meeting.monitor);
    meeting_close(&meeting);
}

static void wait_to_go(void *context)
{
    struct meeting *meeting = context;

    monitor_enter(meeting->monitor);
    meeting->count++;
    condition_notify(meeting->counted);
    while (!meeting->may_go)
        CHECK_TRUE(condition_wait(meeting->go, meeting->monitor, LATE));
    meeting->gone++;
    monitor_leave(meeting->monitor);
}

/* All that wait for the one, and none that waits for another. */
static void conditions_are_apart(void)
{
    struct meeting meeting;
    struct thread *threads[THREADS];

    meeting_open(&meeting);
    start_all(threads, wait_to_go, &meeting);
    monitor_enter(meeting.monitor);
    while (meeting.count < THREADS)
        CHECK_TRUE(condition_wait(meeting.counted, meeting.monitor, LATE));
    condition_notify(meeting.counted);
    CHECK_TRUE(!condition_wait(meeting.counted, meeting.monitor, SOON));
    CHECK_INT(meeting.gone, 0);
    meeting.may_go = true;
    monitor_leave(meeting.monitor);
    condition_notify(meeting.go); /* outside will do */
    join_all(threads);
    CHECK_INT(meeting.gone, THREADS);
    meeting_close(&meeting);
}

/* ---- Threads ---- */

static void note(void *context)
{
    *(int *) context = 7;
}

static void thread_runs_until_it_is_joined(void)
{
    for (int i = 0; i < 50; i++) {
        int noted = 0; /* not atomic: joining is enough */
        struct thread *thread = thread_start(note, &noted);

        CHECK_TRUE(thread != NULL);
        thread_join(thread);
        CHECK_INT(noted, 7);
    }
    thread_join(NULL);
}

static void look_at_signals(void *context)
{
    pthread_sigmask(SIG_SETMASK, NULL, context);
}

static void thread_has_no_signals_but_faults(void)
{
    static const int blocked[] = {SIGINT,  SIGTERM, SIGHUP,  SIGALRM, SIGCHLD,
                                  SIGUSR1, SIGPIPE, SIGPROF, SIGQUIT, SIGWINCH};
    sigset_t before, inside, after;
    struct thread *thread;

    pthread_sigmask(SIG_SETMASK, NULL, &before);
    CHECK_TRUE((thread = thread_start(look_at_signals, &inside)) != NULL);
    thread_join(thread);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++) {
        CHECK_INT(sigismember(&inside, blocked[i]), 1);
        CHECK_INT(sigismember(&after, blocked[i]), sigismember(&before, blocked[i]));
    }
    CHECK_INT(sigismember(&inside, SIGSEGV), 0);
    CHECK_INT(sigismember(&inside, SIGBUS), 0);
}

static atomic_int handled_by_main;
static pthread_t main_thread;

static void handle(int signal)
{
    (void) signal;
    atomic_store(&handled_by_main, pthread_equal(pthread_self(), main_thread) ? 1 : -1);
}

/* Python's handlers are to run where Python runs. */
static void signals_of_the_process_go_elsewhere(void)
{
    struct meeting meeting;
    struct thread *threads[THREADS];
    struct sigaction action = {.sa_handler = handle}, before;
    int64_t end = LATE;

    main_thread = pthread_self();
    meeting_open(&meeting);
    start_all(threads, wait_to_go, &meeting);
    CHECK_INT(sigaction(SIGUSR1, &action, &before), 0);
    CHECK_INT(kill(getpid(), SIGUSR1), 0);
    while (atomic_load(&handled_by_main) == 0)
        CHECK_TRUE(platform_monotonic_ns() < end);
    CHECK_INT(atomic_load(&handled_by_main), 1);
    CHECK_INT(sigaction(SIGUSR1, &before, NULL), 0);
    monitor_enter(meeting.monitor);
    meeting.may_go = true;
    condition_notify(meeting.go);
    monitor_leave(meeting.monitor);
    join_all(threads);
    meeting_close(&meeting);
}

static void fault(void *context)
{
    (void) context;
    raise(SIGSEGV); /* were it blocked, this would return */
    _exit(0);
}

static void thread_can_fault(void)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, SIG_DFL); /* not the sanitizer's report */
        thread_join(thread_start(fault, NULL));
        _exit(1);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* ---- Poller ---- */

enum { EVENTS = 8 };

struct polled {
    struct poller *poller;
    int fds[2]; /* a socket and its peer; the first is polled */
    struct poller_event events[EVENTS];
};

static void polled_open(struct polled *polled, int what)
{
    polled->poller = poller_open(NULL);
    CHECK_TRUE(polled->poller != NULL);
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, polled->fds), 0);
    CHECK_TRUE(poller_add(polled->poller, polled->fds[0], what, polled));
}

static void polled_close(struct polled *polled)
{
    for (int i = 0; i < 2; i++)
        if (polled->fds[i] >= 0)
            close(polled->fds[i]);
    poller_close(polled->poller);
}

static int wait_for(struct polled *polled, int64_t deadline_ns)
{
    return poller_wait(polled->poller, deadline_ns, polled->events, EVENTS);
}

/* One event, of the polled socket. */
static void check_event(struct polled *polled, int what)
{
    CHECK_INT(wait_for(polled, LATE), 1);
    CHECK_TRUE(polled->events[0].context == polled);
    CHECK_INT(polled->events[0].what, what);
}

static void poller_tells_what_can_be_read(void)
{
    struct polled polled;
    char byte;

    polled_open(&polled, POLLER_READABLE);
    CHECK_INT(wait_for(&polled, 0), 0);
    CHECK_INT(write(polled.fds[1], "xy", 2), 2);
    check_event(&polled, POLLER_READABLE);
    check_event(&polled, POLLER_READABLE); /* for as long as it is so */
    CHECK_INT(read(polled.fds[0], &byte, 1), 1);
    check_event(&polled, POLLER_READABLE);
    CHECK_INT(read(polled.fds[0], &byte, 1), 1);
    CHECK_INT(wait_for(&polled, 0), 0);

    CHECK_INT(write(polled.fds[1], "z", 1), 1);
    CHECK_TRUE(poller_change(polled.poller, polled.fds[0], 0, &polled));
    CHECK_INT(wait_for(&polled, SOON), 0); /* it has not been asked for */
    CHECK_TRUE(poller_change(polled.poller, polled.fds[0], POLLER_READABLE, &polled));
    check_event(&polled, POLLER_READABLE);
    poller_remove(polled.poller, polled.fds[0]);
    CHECK_INT(wait_for(&polled, SOON), 0);
    CHECK_TRUE(!poller_change(polled.poller, polled.fds[0], POLLER_READABLE, &polled));
    polled_close(&polled);
    poller_close(NULL);
}

static void fill(int fd)
{
    char bytes[4096] = {0};

    while (socket_send(fd, bytes, sizeof bytes) > 0)
        ;
}

static void drain(int fd)
{
    char bytes[4096];

    while (socket_receive(fd, bytes, sizeof bytes) > 0)
        ;
}

static void poller_tells_what_can_be_written(void)
{
    struct polled polled;

    polled_open(&polled, POLLER_WRITABLE);
    check_event(&polled, POLLER_WRITABLE);
    fill(polled.fds[0]);
    CHECK_INT(wait_for(&polled, SOON), 0);
    drain(polled.fds[1]);
    check_event(&polled, POLLER_WRITABLE);
    CHECK_TRUE(
        poller_change(polled.poller, polled.fds[0], POLLER_READABLE | POLLER_WRITABLE, &polled));
    CHECK_INT(write(polled.fds[1], "x", 1), 1);
    check_event(&polled, POLLER_READABLE | POLLER_WRITABLE);
    polled_close(&polled);
}

static void poller_tells_of_a_hangup_unasked(void)
{
    struct polled polled;

    polled_open(&polled, 0);
    CHECK_INT(wait_for(&polled, 0), 0);
    CHECK_INT(shutdown(polled.fds[1], SHUT_WR), 0);
    CHECK_INT(wait_for(&polled, SOON), 0); /* the peer may yet read: that is no hang-up */
    CHECK_TRUE(poller_change(polled.poller, polled.fds[0], POLLER_READABLE, &polled));
    check_event(&polled, POLLER_READABLE); /* the end of what comes */
    CHECK_TRUE(poller_change(polled.poller, polled.fds[0], 0, &polled));
    close(polled.fds[1]);
    polled.fds[1] = -1;
    check_event(&polled, POLLER_HANGUP);
    polled_close(&polled);
}

static void poller_tells_many_apart(void)
{
    enum { COUNT = 5 };
    struct poller *poller = poller_open(NULL);
    struct poller_event events[COUNT];
    int fds[COUNT][2], told = 0;

    for (int i = 0; i < COUNT; i++) {
        CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]), 0);
        CHECK_TRUE(poller_add(poller, fds[i][0], POLLER_READABLE, fds[i]));
    }
    CHECK_TRUE(!poller_add(poller, fds[0][0], POLLER_READABLE, NULL)); /* it is there */
    CHECK_TRUE(!poller_add(poller, -1, POLLER_READABLE, NULL));
    CHECK_INT(write(fds[1][1], "x", 1), 1);
    CHECK_INT(write(fds[3][1], "x", 1), 1);
    CHECK_INT(poller_wait(poller, LATE, events, COUNT), 2);
    for (int i = 0; i < 2; i++)
        told |= 1 << ((int (*)[2]) events[i].context - fds);
    CHECK_INT(told, 1 << 1 | 1 << 3);
    CHECK_INT(poller_wait(poller, LATE, events, 1), 1); /* no more than there is room for */
    for (int i = 0; i < COUNT; i++)
        for (int end = 0; end < 2; end++)
            close(fds[i][end]);
    poller_close(poller);
}

static void poller_waits_no_longer_than_asked(void)
{
    struct polled polled;
    int64_t start = platform_monotonic_ns();

    polled_open(&polled, POLLER_READABLE);
    CHECK_INT(wait_for(&polled, 0), 0);
    CHECK_INT(wait_for(&polled, start - MS), 0); /* past */
    CHECK_TRUE(platform_monotonic_ns() - start < 10000 * MS);
    for (int i = 0; i < 20; i++) {
        int64_t deadline = platform_monotonic_ns() + MS + i * MS / 7;

        CHECK_INT(wait_for(&polled, deadline), 0);
        CHECK_TRUE(platform_monotonic_ns() >= deadline); /* never too early, or it would spin */
    }
    CHECK_TRUE(platform_monotonic_ns() - start < 10000 * MS);
    polled_close(&polled);
}

static void wake_soon(void *context)
{
    struct polled *polled = context;

    usleep(5000);
    poller_wake(polled->poller);
}

static void poller_is_woken_while_it_waits(void)
{
    struct polled polled;
    int64_t start = platform_monotonic_ns();
    struct thread *thread;

    polled_open(&polled, POLLER_READABLE);
    CHECK_TRUE((thread = thread_start(wake_soon, &polled)) != NULL);
    CHECK_INT(wait_for(&polled, INT64_MAX), 0);
    CHECK_TRUE(platform_monotonic_ns() - start < 60000 * MS);
    thread_join(thread);
    CHECK_INT(wait_for(&polled, 0), 0);
    polled_close(&polled);
}

static void poller_is_woken_before_it_waits(void)
{
    struct polled polled;
    int64_t start = platform_monotonic_ns(), deadline;

    polled_open(&polled, POLLER_READABLE);
    poller_wake(polled.poller);
    poller_wake(polled.poller); /* counts as one */
    CHECK_INT(wait_for(&polled, LATE), 0);
    CHECK_TRUE(platform_monotonic_ns() - start < 60000 * MS);
    deadline = SOON;
    CHECK_INT(wait_for(&polled, deadline), 0); /* it was for one wait */
    CHECK_TRUE(platform_monotonic_ns() >= deadline);

    CHECK_INT(write(polled.fds[1], "x", 1), 1);
    poller_wake(polled.poller);
    check_event(&polled, POLLER_READABLE); /* events come along */
    polled_close(&polled);
}

struct ping {
    struct poller *poller;
    atomic_int asked, answered;
};

static void answer(void *context)
{
    struct ping *ping = context;
    struct poller_event event;

    while (atomic_load(&ping->answered) < TURNS) {
        while (atomic_load(&ping->answered) < atomic_load(&ping->asked))
            atomic_fetch_add(&ping->answered, 1);
        if (atomic_load(&ping->answered) < TURNS)
            (void) poller_wait(ping->poller, LATE, &event, 1);
    }
}

static void poller_loses_no_wake(void)
{
    struct ping ping = {.poller = poller_open(NULL)};
    struct thread *thread = thread_start(answer, &ping);
    int64_t end = LATE;

    CHECK_TRUE(ping.poller && thread);
    for (int i = 0; i < TURNS; i++) {
        atomic_fetch_add(&ping.asked, 1);
        poller_wake(ping.poller);
        if (i % 3 == 0)
            while (atomic_load(&ping.answered) < atomic_load(&ping.asked))
                CHECK_TRUE(platform_monotonic_ns() < end);
    }
    thread_join(thread);
    CHECK_INT(atomic_load(&ping.answered), TURNS);
    poller_close(ping.poller);
}

static void no_descriptor_no_poller(void)
{
    struct rlimit none = {0, 0}, before;
    struct error error;

    CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    none.rlim_max = before.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    CHECK_TRUE(poller_open(&error) == NULL);
    CHECK_INT(error.status, STATUS_IO);
    CHECK_TRUE(strstr(error.message, "too many open files") != NULL);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* ---- Sockets ---- */

static void sockets_do_not_wait(void)
{
    char bytes[16];
    int fds[2];

    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    CHECK_INT(socket_receive(fds[0], bytes, sizeof bytes), SOCKET_LATER);
    CHECK_INT(socket_send(fds[1], "hello", 5), 5);
    CHECK_INT(socket_receive(fds[0], bytes, 3), 3);
    CHECK_BYTES(bytes, "hel", 3);
    CHECK_INT(socket_receive(fds[0], bytes, sizeof bytes), 2);
    fill(fds[0]);
    CHECK_INT(socket_send(fds[0], "x", 1), SOCKET_LATER);
    drain(fds[1]);
    CHECK_INT(socket_send(fds[0], "x", 1), 1);
    close(fds[0]);
    close(fds[1]);
}

/* Without SIGPIPE, which would end the process. */
static void sockets_whose_peer_is_gone(void)
{
    char bytes[16];
    int fds[2];

    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    CHECK_INT(socket_send(fds[1], "last", 4), 4);
    close(fds[1]);
    CHECK_INT(socket_receive(fds[0], bytes, sizeof bytes), 4);
    CHECK_INT(socket_receive(fds[0], bytes, sizeof bytes), SOCKET_GONE);
    CHECK_INT(socket_send(fds[0], "x", 1), SOCKET_GONE);
    close(fds[0]);
    CHECK_INT(socket_receive(fds[0], bytes, sizeof bytes), SOCKET_GONE);
    CHECK_INT(socket_send(fds[0], "x", 1), SOCKET_GONE);
}

static const struct test tests[] = {
    {"monitor_excludes_and_wakes", monitor_excludes_and_wakes},
    {"condition_waits_no_longer_than_asked", condition_waits_no_longer_than_asked},
    {"conditions_are_apart", conditions_are_apart},
    {"thread_runs_until_it_is_joined", thread_runs_until_it_is_joined},
    {"thread_has_no_signals_but_faults", thread_has_no_signals_but_faults},
    {"signals_of_the_process_go_elsewhere", signals_of_the_process_go_elsewhere},
    {"thread_can_fault", thread_can_fault},
    {"poller_tells_what_can_be_read", poller_tells_what_can_be_read},
    {"poller_tells_what_can_be_written", poller_tells_what_can_be_written},
    {"poller_tells_of_a_hangup_unasked", poller_tells_of_a_hangup_unasked},
    {"poller_tells_many_apart", poller_tells_many_apart},
    {"poller_waits_no_longer_than_asked", poller_waits_no_longer_than_asked},
    {"poller_is_woken_while_it_waits", poller_is_woken_while_it_waits},
    {"poller_is_woken_before_it_waits", poller_is_woken_before_it_waits},
    {"poller_loses_no_wake", poller_loses_no_wake},
    {"no_descriptor_no_poller", no_descriptor_no_poller},
    {"sockets_do_not_wait", sockets_do_not_wait},
    {"sockets_whose_peer_is_gone", sockets_whose_peer_is_gone},
};

TEST_MAIN(tests)
