/* A cluster's guest code runs on one processor. To send an answer takes a fifth of a short transaction, most of it to
 * wake the client, and to receive a request a tenth: another processor can do that.
 *
 *     postmaster ── given ──► courier ── done ──► postmaster
 *
 * Both boxes are stacks that are emptied at once, without a lock. The courier keeps a session for a moment after it
 * has sent the answer, and brings the next request along. Between two answers of a busy server it waits awake, as it
 * takes longer to wake it than to send one.
 */
#include "engine/session/courier.h"

#include <stdlib.h>

#include "engine/session/client.h"
#include "platform/clock.h"
#include "platform/monitor.h"
#include "platform/thread.h"

enum { AWAKE_NS = 200000 /* several transactions of a busy server */ };

struct courier {
    struct thread *thread;
    struct monitor *monitor;     /* for its sleep alone */
    struct condition *condition; /* something has been given, or it is to end */
    _Atomic(pgn_session *) given, done;
    atomic_bool sleeps, stopping;
};

static void put(_Atomic(pgn_session *) *box, pgn_session *session)
{
    session->next_answered = atomic_load(box);
    while (!atomic_compare_exchange_weak(box, &session->next_answered, session))
        ;
}

/* The sessions that it keeps go to `listening`. */
static bool send_all(struct courier *courier, pgn_session **listening)
{
    pgn_session *next, *session = atomic_exchange(&courier->given, NULL);
    bool has_sent = session != NULL;

    for (; session; session = next) {
        next = session->next_answered;
        client_send(session);
        session->next_answered = *listening;
        *listening = session;
    }
    return has_sent;
}

static void listen_to_all(struct courier *courier, pgn_session **listening)
{
    bool stopping = atomic_load(&courier->stopping);
    pgn_session **at = listening;

    while (*at) {
        pgn_session *session = *at;

        if (!stopping && client_listen(session)) {
            at = &session->next_answered;
        } else {
            *at = session->next_answered;
            put(&courier->done, session);
        }
    }
}

/* The flag is set before the box is looked into, and the postmaster looks at the flag after it has filled the box: so
   one of the two sees what the other has done. */
static void sleep_until_roused(struct courier *courier)
{
    monitor_enter(courier->monitor);
    atomic_store(&courier->sleeps, true);
    while (!atomic_load(&courier->given) && !atomic_load(&courier->stopping))
        condition_wait(courier->condition, courier->monitor, INT64_MAX);
    atomic_store(&courier->sleeps, false);
    monitor_leave(courier->monitor);
}

static void run(void *context)
{
    struct courier *courier = context;
    pgn_session *listening = NULL;
    int64_t busy_ns = platform_monotonic_ns();

    /* So that the system takes the processor that it waits on for one with room. The clients it wakes would stay on
       the postmaster's. */
    thread_lower_priority();
    for (;;) {
        bool has_sent = send_all(courier, &listening);

        listen_to_all(courier, &listening);
        if (has_sent)
            busy_ns = platform_monotonic_ns();
        else if (!listening && atomic_load(&courier->stopping))
            return;
        else if (listening || platform_monotonic_ns() - busy_ns < AWAKE_NS)
            thread_yield();
        else
            sleep_until_roused(courier);
    }
}

struct courier *courier_open(void)
{
    struct courier *courier = thread_processors() > 1 ? calloc(1, sizeof *courier) : NULL;

    if (!courier)
        return NULL;
    courier->monitor = monitor_open();
    courier->condition = condition_open();
    if (courier->monitor && courier->condition)
        courier->thread = thread_start(run, courier);
    if (courier->thread)
        return courier;
    courier_close(courier);
    return NULL;
}

void courier_close(struct courier *courier)
{
    if (!courier)
        return;
    atomic_store(&courier->stopping, true);
    if (courier->thread)
        courier_rouse(courier);
    thread_join(courier->thread);
    condition_close(courier->condition);
    monitor_close(courier->monitor);
    free(courier);
}

void courier_give(struct courier *courier, pgn_session *session)
{
    put(&courier->given, session);
}

void courier_rouse(struct courier *courier)
{
    if (!atomic_load(&courier->sleeps) && !atomic_load(&courier->stopping))
        return;
    monitor_enter(courier->monitor);
    condition_notify(courier->condition);
    monitor_leave(courier->monitor);
}

bool courier_is_awake(const struct courier *courier)
{
    return !atomic_load(&courier->sleeps);
}

pgn_session *courier_take(struct courier *courier)
{
    return atomic_load_explicit(&courier->done, memory_order_relaxed)
               ? atomic_exchange(&courier->done, NULL)
               : NULL;
}
