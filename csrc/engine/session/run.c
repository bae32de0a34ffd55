/* Running a session: resuming its coroutine, by the thread that has called in, and waiting for it. */
#include "engine/session/run.h"

#include "engine/cluster/cluster.h"
#include "engine/instance/limits.h"
#include "engine/session/mapping.h"
#include "engine/session/transport.h"
#include "platform/clock.h"

void session_suspend(pgn_session *session, enum session_state state)
{
    session_set_state(session, state);
    coroutine_suspend(session->instance.coroutine);
}

/* The cluster has failed: so has everybody in it. */
static void share_failure(pgn_session *session)
{
    if (session->state == SESSION_POISONED)
        return;
    session_set_state(session, SESSION_POISONED);
    error_set(&session->failure, STATUS_POISONED, "another session of the cluster has failed: %s",
              session->cluster->failure.message);
}

void session_step(pgn_session *session)
{
    int64_t now_ns;

    if (session->cluster->failed) {
        share_failure(session);
        return;
    }
    cluster_switch_to(session);
    now_ns = platform_monotonic_ns();
    session->slice_ns = now_ns + ENGINE_SLICE_NS;
    if (session->pauses && !session->pause_ns)
        session->pause_ns = now_ns + ENGINE_PAUSE_NS;
    if (session->state != SESSION_BOOTING)
        session_set_state(session, SESSION_RUNNING);
    coroutine_resume(session->instance.coroutine);
}

static bool pause_is_due(const pgn_session *session)
{
    return session->pause_ns && platform_monotonic_ns() >= session->pause_ns;
}

/* Is there nothing to do for a session that waits? Inside the monitor. */
static bool sleeps(const pgn_session *session)
{
    return !session->woken && !atomic_load(&session->signals) && !session->abandoned
           && platform_monotonic_ns() < session->wake_ns && !pause_is_due(session);
}

static void wait_for_wake(pgn_session *session)
{
    struct cluster *cluster = session->cluster;
    int64_t until_ns = session->wake_ns;

    if (session->pause_ns && session->pause_ns < until_ns)
        until_ns = session->pause_ns;
    monitor_enter(cluster->monitor);
    if (!sleeps(session)) {
        baton_pass(cluster, &session->claim);
    } else {
        baton_give(cluster);
        while (sleeps(session))
            condition_wait(session->condition, cluster->monitor, until_ns);
        baton_take(cluster, &session->claim);
    }
    monitor_leave(cluster->monitor);
}

static void let_others_run(pgn_session *session)
{
    struct cluster *cluster = session->cluster;

    if (!atomic_load_explicit(&cluster->baton.wanted, memory_order_relaxed))
        return;
    monitor_enter(cluster->monitor);
    baton_pass(cluster, &session->claim);
    monitor_leave(cluster->monitor);
}

void session_run(pgn_session *session)
{
    for (;;) {
        session_step(session);
        if (session->state == SESSION_WAITING)
            wait_for_wake(session);
        else if (session->state == SESSION_YIELDED)
            let_others_run(session);
        else
            return;
        if (pause_is_due(session))
            return;
    }
}

enum status session_do(pgn_session *session, bool (*task)(pgn_session *session),
                       struct error *error)
{
    session->task = task;
    session->discarding = true;
    session_run(session);
    transport_drain(session);
    session->discarding = false;
    session->task = NULL;
    if (session->state == SESSION_IDLE)
        return STATUS_OK;
    *error = session->failure;
    if (session->state < SESSION_ENDED)
        error_set(error, STATUS_INVALID, "the session waits for more of a message");
    return error->status;
}
