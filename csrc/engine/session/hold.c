/* Holding a cluster's other sessions, for something that needs them all at rest. */
#include "engine/session/hold.h"

#include "engine/session/attend.h"
#include "engine/session/housekeeping.h"
#include "engine/session/protocol.h"
#include "engine/session/run.h"

bool is_held(const pgn_session *session)
{
    return session->suspended;
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
    cluster->is_held = true;
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

enum status hold_others(struct cluster *cluster, struct error *error)
{
    bool done;

    housekeeping_interrupt(cluster);
    monitor_enter(cluster->monitor);
    done = suspend_others(cluster);
    monitor_leave(cluster->monitor);
    if (!done)
        return error_set(error, STATUS_SNAPSHOT,
                         "another session of the engine runs a statement: wait for its end");
    /* The list is stable, but for new sessions, which wait for the baton. */
    for (pgn_session *session = cluster->sessions; session; session = session->next)
        if (is_held(session) && is_in_transaction(session)) {
            release_others(cluster);
            return error_set(error, STATUS_SNAPSHOT,
                             "session %d of the engine is in a transaction: end it first",
                             (int) session->process);
        }
    return STATUS_OK;
}

void release_others(struct cluster *cluster)
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
