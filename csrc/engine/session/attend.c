/* What the postmaster does: it runs the sessions that no other thread is in. Those that it serves, whose
 * clients' sockets it watches; idle ones that have been sent a signal, or have a timer that is due; and the
 * housekeeping's. It runs each for a time slice, or until it waits: many sessions take one thread, and no switch of
 * threads between them.
 *
 * It is there from the first time that such a thing is to be expected, and sleeps while there is nothing to do.
 */
#include "engine/session/attend.h"

#include "engine/cluster/cluster.h"
#include "engine/cluster/postmaster.h"
#include "engine/instance/limits.h"
#include "engine/session/client.h"
#include "engine/session/courier.h"
#include "engine/session/housekeeping.h"
#include "engine/session/run.h"
#include "platform/clock.h"
#include "platform/poller.h"
#include "platform/thread.h"
#include "platform/virtual_clock.h"

enum {
    EVENTS = 64,
    /* A processor that sleeps takes some 30 us to wake up, several times what a SELECT 1 takes: so clients that
       are prompt are waited for awake, for as long as a program needs to look at an answer and ask again. */
    AWAKE_NS = 50000,
    KEPT_BACK_NS = 200000 /* an answer, at most, but for the time slice of one session more */
};

/* --- what is to be done ------------------------------------------------------------------- */

/* When a timer of an idle session is due on the system's clock. */
static int64_t timer_ns(const pgn_session *session)
{
    int64_t deadline_ns = session->instance.guest ? host_timer_deadline_ns(&session->instance.host)
                                                  : INT64_MAX;

    return deadline_ns == INT64_MAX
               ? INT64_MAX
               : virtual_clock_system_ns(virtual_clock_find(&session->cluster->arena), deadline_ns);
}

/* Is no thread in it, nor in the middle of a call? */
static bool is_at_rest(const pgn_session *session)
{
    return !session->inside && !session->held && !session->closed && !session->suspended
           && (session->state == SESSION_IDLE || session->state == SESSION_WANTS_INPUT);
}

void attend_at_rest(pgn_session *session)
{
    struct cluster *cluster = session->cluster;
    int64_t due_ns, housekeeping_ns;

    if (cluster->ending || !is_at_rest(session))
        return;
    if (session->client || atomic_load(&session->signals)) {
        postmaster_push(session);
        return;
    }
    /* Where there is no other session nothing can tell whether a timer strikes now or before the next call. */
    due_ns = !cluster_had_others(cluster) && !cluster->postmaster ? INT64_MAX : timer_ns(session);
    housekeeping_ns = housekeeping_due_ns(cluster);
    if (housekeeping_ns < due_ns && housekeeping_is_worth_a_thread(cluster))
        due_ns = housekeeping_ns;
    if (due_ns != INT64_MAX && postmaster_need(cluster, NULL))
        postmaster_note_deadline(cluster->postmaster, due_ns);
}

/* When the session wants the postmaster by itself. */
static int64_t due_ns(const pgn_session *session)
{
    if (session->attended && session->state == SESSION_WAITING)
        return session->wake_ns;
    if (session->attended && session->state == SESSION_IDLE) /* its client does not read */
        return timer_ns(session);
    return is_at_rest(session) ? timer_ns(session) : INT64_MAX;
}

static void push_what_is_due(struct postmaster *postmaster, int64_t now_ns)
{
    struct cluster *cluster = postmaster->cluster;

    postmaster->deadline_ns = housekeeping_due_ns(cluster);
    for (pgn_session *session = cluster->sessions; session; session = session->next) {
        int64_t session_ns = due_ns(session);

        if (session_ns <= now_ns)
            postmaster_push(session);
        else if (session_ns < postmaster->deadline_ns)
            postmaster->deadline_ns = session_ns;
    }
}

/* --- doing it ----------------------------------------------------------------------------- */

static void keep_baton(struct postmaster *postmaster)
{
    if (!postmaster->has_baton)
        baton_take(postmaster->cluster, &postmaster->claim);
    postmaster->has_baton = true;
}

static void release_baton(struct postmaster *postmaster)
{
    if (postmaster->has_baton)
        baton_give(postmaster->cluster);
    postmaster->has_baton = false;
}

/* Waits for the baton first: that lets others in, who may free a session that is not in the queue any more. */
static pgn_session *pop_with_baton(struct postmaster *postmaster)
{
    if (postmaster->first_ready)
        keep_baton(postmaster);
    return postmaster_pop(postmaster);
}

static void let_go(pgn_session *session)
{
    session->inside = session->attended = false;
    condition_notify(session->condition);
}

/* Nothing is to be done for the client before it is heard of again, once it has been sent its answer. */
static void answer(struct postmaster *postmaster, pgn_session *session)
{
    client_rest(session);
    if (is_at_rest(session))
        postmaster_note_deadline(postmaster, timer_ns(session));
}

static pgn_session *next_to_answer(struct postmaster *postmaster)
{
    pgn_session *session = postmaster->first_answered;

    if (!session)
        return NULL;
    postmaster->first_answered = session->next_answered;
    postmaster->answered_count--;
    return session;
}

static bool need_courier(struct postmaster *postmaster)
{
    if (!postmaster->courier && !postmaster->has_no_courier)
        postmaster->courier = courier_open();
    postmaster->has_no_courier = !postmaster->courier;
    return postmaster->courier;
}

static bool is_courier_worth_it(const struct postmaster *postmaster)
{
    return postmaster->ready_count > 0
           || (postmaster->courier && courier_is_awake(postmaster->courier));
}

static void give_all(struct postmaster *postmaster)
{
    pgn_session *session;

    while ((session = next_to_answer(postmaster))) {
        session->is_given = true;
        client_lend(session);
        postmaster->given_count++;
        courier_give(postmaster->courier, session);
    }
    courier_rouse(postmaster->courier);
}

static void take_back(struct postmaster *postmaster)
{
    pgn_session *next,
        *session = postmaster->given_count ? courier_take(postmaster->courier) : NULL;

    for (; session; session = next) {
        next = session->next_answered;
        postmaster->given_count--;
        session->is_given = session->is_answered = false;
        answer(postmaster, session);
        if (session->is_due)
            postmaster_push(session);
        session->is_due = false;
    }
}

/* By the courier, if there is something else to do meanwhile, or it is awake. */
static void answer_all(struct postmaster *postmaster)
{
    pgn_session *session;

    if (!postmaster->first_answered)
        return;
    if (is_courier_worth_it(postmaster) && need_courier(postmaster)) {
        give_all(postmaster);
        return;
    }
    while ((session = next_to_answer(postmaster))) {
        session->is_answered = false;
        answer(postmaster, session);
    }
}

/* To wake a client's thread costs as much as half a short statement, and those that share a thread are woken by one
   answer: so answers are kept back until no more than a third of the work is left to do. */
static bool keeps_back(const struct postmaster *postmaster, const pgn_session *session)
{
    return session->state == SESSION_IDLE
           && (session->is_answered || postmaster->ready_count > postmaster->answered_count / 2);
}

static void keep_back(struct postmaster *postmaster, pgn_session *session)
{
    if (session->is_answered)
        return;
    if (postmaster->answered_count == 0)
        postmaster->answered_ns = platform_monotonic_ns();
    session->is_answered = true;
    session->next_answered = postmaster->first_answered;
    postmaster->first_answered = session;
    postmaster->answered_count++;
}

/* It has been resumed. Inside the monitor, as is what follows. */
static void settle(struct postmaster *postmaster, pgn_session *session)
{
    switch (session->state) {
    case SESSION_YIELDED:
        if (session->client)
            client_pass_on(session);
        postmaster_push(session);
        return;
    case SESSION_WAITING:
        if (session->client)
            client_pass_on(session);
        if (session->woken || atomic_load(&session->signals) || session->abandoned)
            postmaster_push(session);
        else
            postmaster_note_deadline(postmaster, session->wake_ns);
        return;
    default:
        break;
    }
    if (session->client) {
        bool keeps = keeps_back(postmaster, session);

        keep_back(postmaster, session);
        if (!keeps)
            answer_all(postmaster);
        return;
    }
    if (session->is_auxiliary) {
        housekeeping_end(session);
        return;
    }
    let_go(session);
    if (is_at_rest(session))
        postmaster_note_deadline(postmaster, timer_ns(session));
}

/* Takes an idle session into its hands. False: there is nothing to do for it. */
static bool take_up(pgn_session *session)
{
    if (session->attended)
        return true;
    if (session->inside || session->suspended || session->closed
        || (!session->client && !is_at_rest(session)))
        return false;
    session->inside = session->attended = true;
    if (session->client)
        return client_begin(session);
    session->output_limit = SIZE_MAX;
    return true;
}

/* With the baton. */
static void run(struct postmaster *postmaster, pgn_session *session)
{
    struct cluster *cluster = postmaster->cluster;
    uint64_t written = vfs_bytes_written(cluster->vfs);

    if (session->is_given) {
        session->is_due = true;
        return;
    }
    if (session->state == SESSION_YIELDED)
        answer_all(postmaster); /* as it will use up another time slice */
    if (!take_up(session))
        return;
    cluster_set_latest(cluster, NULL);
    monitor_leave(cluster->monitor);
    session_step(session);
    housekeeping_discount(cluster, session, vfs_bytes_written(cluster->vfs) - written);
    monitor_enter(cluster->monitor);
    settle(postmaster, session);
    if (!atomic_load(&cluster->baton.wanted))
        return;
    answer_all(postmaster);
    release_baton(postmaster);
}

/* Looks at the sockets; waits for them, and for other threads, if there is nothing else to do. */
static void look_around(struct postmaster *postmaster)
{
    struct cluster *cluster = postmaster->cluster;
    struct poller_event events[EVENTS];
    int64_t now_ns = platform_monotonic_ns(), until_ns = 0;
    int count;

    if (!postmaster->first_ready) {
        answer_all(postmaster);
        release_baton(postmaster);
        if (!postmaster->given_count && now_ns - postmaster->busy_ns > AWAKE_NS) {
            until_ns = postmaster->deadline_ns;
            postmaster->sleeps = true;
        }
    }
    monitor_leave(cluster->monitor);
    count = poller_wait(postmaster->poller, until_ns, events, EVENTS);
    monitor_enter(cluster->monitor);
    postmaster->sleeps = false;
    for (int i = 0; i < count; i++)
        client_event(events[i].context, events[i].what);
}

void attend(void *context)
{
    struct postmaster *postmaster = context;
    struct cluster *cluster = postmaster->cluster;
    int64_t looked_ns = 0;

    monitor_enter(cluster->monitor);
    while (!postmaster->stopping) {
        int64_t now_ns = platform_monotonic_ns();
        pgn_session *session;

        take_back(postmaster);
        if (now_ns >= postmaster->deadline_ns) {
            keep_baton(postmaster);
            housekeeping_begin_if_due(cluster, now_ns);
            push_what_is_due(postmaster, now_ns);
        }
        if (postmaster->first_answered && now_ns - postmaster->answered_ns > KEPT_BACK_NS)
            answer_all(postmaster);
        session = now_ns - looked_ns < ENGINE_SLICE_NS ? pop_with_baton(postmaster) : NULL;
        if (session) {
            run(postmaster, session);
            postmaster->busy_ns = platform_monotonic_ns();
            continue;
        }
        look_around(postmaster);
        looked_ns = platform_monotonic_ns();
    }
    release_baton(postmaster);
    while (postmaster->given_count) {
        monitor_leave(cluster->monitor);
        thread_yield();
        monitor_enter(cluster->monitor);
        take_back(postmaster);
    }
    monitor_leave(cluster->monitor);
    courier_close(postmaster->courier);
}
