/* Holding a cluster's other sessions, for something that needs them all at rest. */
#include "engine/session/hold.h"

#include "engine/session/attend.h"
#include "engine/session/housekeeping.h"
#include "engine/session/main_loop.h"
#include "engine/session/run.h"
#include "engine/session/sessions.h"

pgn_session *next_held(struct cluster *cluster, const pgn_session *session)
{
    pgn_session *next;

    monitor_enter(cluster->monitor);
    next = session ? session->next : cluster->sessions;
    while (next && !next->suspended)
        next = next->next;
    monitor_leave(cluster->monitor);
    return next;
}

static bool is_other(const pgn_session *session)
{
    return session != session->cluster->first && !session->closed;
}

static bool is_quiet(const pgn_session *session)
{
    return !session->inside && !session->held && !session->is_auxiliary
           && (session->state == SESSION_IDLE || session->state == SESSION_ENDED);
}

/* Inside the monitor. */
static bool suspend_others(struct cluster *cluster)
{
    for (const pgn_session *session = cluster->sessions; session; session = session->next)
        if (is_other(session) && !is_quiet(session))
            return false;
    for (pgn_session *session = cluster->sessions; session; session = session->next)
        session->suspended = is_other(session);
    return true;
}

static bool check_transaction(pgn_session *session)
{
    uint64_t between;

    if (!session_settle(session,
                        session_call(session,
                                     session->cluster->runtime->exports.is_between_transactions,
                                     NULL, &between),
                        "pglite_is_between_transactions"))
        return false;
    session->task_argument = (int32_t) between;
    return true;
}

static bool is_in_transaction(pgn_session *session)
{
    struct error ignored;

    return session->state == SESSION_IDLE
           && (session_do(session, check_transaction, &ignored) || !session->task_argument);
}

enum status hold_new(struct cluster *cluster, struct error *error)
{
    bool was_held;

    monitor_enter(cluster->monitor);
    was_held = cluster->is_held;
    cluster->is_held = true;
    monitor_leave(cluster->monitor);
    if (was_held)
        return error_set(error, STATUS_BUSY, "%s", status_message(STATUS_BUSY));
    housekeeping_interrupt(cluster);
    return STATUS_OK;
}

enum status hold_others(struct cluster *cluster, struct error *error)
{
    enum status status = hold_new(cluster, error);
    bool done;

    if (status)
        return status;
    monitor_enter(cluster->monitor);
    done = suspend_others(cluster);
    monitor_leave(cluster->monitor);
    if (!done) {
        release_others(cluster);
        return error_set(error, STATUS_SNAPSHOT,
                         "another session of the engine runs a statement: wait for its end");
    }
    for (pgn_session *session = NULL; (session = next_held(cluster, session));)
        if (is_in_transaction(session)) {
            status = error_set(error, STATUS_SNAPSHOT,
                               "session %d of the engine is in a transaction: commit it, roll it "
                               "back, or close the session",
                               (int) session->process);
            release_others(cluster);
            return status;
        }
    return STATUS_OK;
}

/* One that was closed while it was held: its end would have changed what was not to change. */
static pgn_session *find_closed(struct cluster *cluster)
{
    pgn_session *session;

    monitor_enter(cluster->monitor);
    session = cluster->sessions;
    while (session && !session->ends_later)
        session = session->next;
    monitor_leave(cluster->monitor);
    return session;
}

/* The session has ended: from now on it can be freed by others. */
static void give_up(pgn_session *session)
{
    struct monitor *monitor = session->cluster->monitor;
    bool is_freed;

    monitor_enter(monitor);
    is_freed = session->is_freed;
    session->ends_later = false;
    monitor_leave(monitor);
    if (is_freed)
        session_free(session);
}

/* own: NULL where the caller does not have the baton. */
static void end_closed(struct cluster *cluster, struct claim *own)
{
    pgn_session *session;

    while ((session = find_closed(cluster))) {
        if (own)
            baton_release(cluster);
        session_end(session);
        if (own)
            baton_acquire(cluster, own);
        give_up(session);
    }
}

static void resume(struct cluster *cluster)
{
    monitor_enter(cluster->monitor);
    cluster->is_held = false;
    for (pgn_session *session = cluster->sessions; session; session = session->next) {
        if (!session->suspended)
            continue;
        session->suspended = false;
        condition_notify(session->condition);
        attend_at_rest(session);
    }
    monitor_leave(cluster->monitor);
}

void release_others(struct cluster *cluster)
{
    resume(cluster);
    end_closed(cluster, cluster->baton.holder);
}

void release_new(struct cluster *cluster)
{
    resume(cluster);
    end_closed(cluster, NULL);
}
