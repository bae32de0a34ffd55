/* Engines: a cluster with its first session, opened and closed. */
#include "engine/api/engine.h"

#include "engine/api/copy.h"
#include "engine/api/gate.h"
#include "engine/cluster/data_directory.h"
#include "engine/cluster/files.h"
#include "engine/cluster/postmaster.h"
#include "engine/instance/limits.h"
#include "engine/session/attend.h"
#include "engine/session/call.h"
#include "engine/session/dump.h"
#include "engine/session/housekeeping.h"
#include "engine/session/mapping.h"
#include "engine/session/run.h"
#include "engine/session/sessions.h"
#include "platform/clock.h"

enum { CLOSE_GRACE_NS = 500000000 }; /* for a cancelled statement to end by itself */

/* Boots, unless an image was mapped, or the files have yet to come: pgn_load_end does the rest then. */
static enum status boot(pgn_session *session, struct error *error)
{
    if (session->state == SESSION_BOOTING && !session->cluster->loading) {
        session_run(session);
        if (session->state != SESSION_IDLE) {
            *error = session->failure;
            return error->status;
        }
        return session_write_template(session, error);
    }
    return STATUS_OK;
}

static enum status open_session(pgn_session *session, void *argument, struct error *error)
{
    struct cluster *cluster = session->cluster;
    int64_t started_ns = platform_monotonic_ns();
    enum status status = cluster_open_files(cluster, error);

    (void) argument;
    if (!status && cluster->options->copy_of && !cluster->options->image)
        status = copy_files(cluster, cluster->options->copy_of, error);
    if (!status)
        status = session_open_instance(session, error);
    if (status)
        return status;
    session->statistics.load_ns = platform_monotonic_ns() - started_ns;
    return boot(session, error);
}

enum status engine_open(pgn_runtime *runtime, const pgn_options *options, pgn_session **opened,
                        struct error *error)
{
    struct cluster *cluster;
    pgn_session *session;
    enum status status = cluster_open(runtime, options, attend, &cluster, error);

    if (status)
        return status;
    session = session_new(cluster, false);
    if (!session) {
        cluster_close(cluster);
        return no_memory_for(error, "an engine");
    }
    *opened = session; /* so that a child forked meanwhile can forget the lock */
    status = gate_run(session, NULL, open_session, NULL, error);
    if (status) {
        *opened = NULL;
        pgn_free(session);
        return status;
    }
    if (!cluster->loading)
        cluster->options = NULL;
    return STATUS_OK;
}

int pgn_open(pgn_runtime *runtime, const pgn_options *options, pgn_session **opened,
             pgn_error *pgn_error)
{
    struct error error;

    return engine_open(runtime, options, opened, &error) ? api_error(pgn_error, &error) : STATUS_OK;
}

/* --- closing ------------------------------------------------------------------------------ */

/* A database in memory needs no farewell. */
static void shut_down(pgn_session *session)
{
    struct cluster *cluster = session->cluster;

    if (!lock_is_held(&cluster->data_dir_lock) || cluster->failed || cluster->loading
        || cluster->never_started || !session->instance.coroutine)
        return;
    if (session->state == SESSION_ENDED) {
        housekeeping_shut_down(cluster);
        return;
    }
    if (session->state == SESSION_POISONED)
        return;
    session->shutting_down = true;
    session->discarding = true;
    session->output_size = 0;
    baton_acquire(cluster, &session->claim);
    session_run(session); /* to the coroutine's end */
    baton_release(cluster);
}

/* Not those that the thread which opens them has yet to bring in: it is refused, or they begin after a restore. */
static bool is_to_be_closed(const pgn_session *session)
{
    bool begins_later = session->suspended && session->state == SESSION_BOOTING;

    return session != session->cluster->first && !session->is_auxiliary && !begins_later
           && (!session->closed || session->inside) && !session->ends_later;
}

void engine_close_others(struct cluster *cluster)
{
    for (;;) {
        pgn_session *other;

        monitor_enter(cluster->monitor);
        other = cluster->sessions;
        while (other && !is_to_be_closed(other))
            other = other->next;
        if (other)
            other->pinned = true;
        monitor_leave(cluster->monitor);
        if (!other)
            return;
        pgn_close(other);
        monitor_enter(cluster->monitor);
        other->pinned = false;
        condition_notify(other->condition);
        monitor_leave(cluster->monitor);
    }
}

/* The first session ends, and the cluster with it. */
static void close_cluster(pgn_session *session)
{
    struct cluster *cluster = session->cluster;

    atomic_store(&session->stop_ns, 0);
    atomic_store(&session->closing, false); /* what is left to do may have to wait */
    engine_close_others(cluster);
    housekeeping_stop(cluster);
    postmaster_stop(cluster);
    housekeeping_discard(cluster);
    dump_close(session);
    shut_down(session);
    session_close_files(session);
    data_dir_close(cluster);
}

/* Lets no other thread in from now on, and waits for the one that is there. False: it was closed before, or ends
   when it is no longer held. */
static bool shut_gate(pgn_session *session)
{
    struct cluster *cluster = session->cluster;
    bool closed;

    monitor_enter(cluster->monitor);
    if (!atomic_exchange(&session->closing, true)) {
        cluster->ending |= session == cluster->first;
        atomic_store(&session->stop_ns, platform_monotonic_ns() + CLOSE_GRACE_NS);
        monitor_leave(cluster->monitor);
        call_cancel(session);
        monitor_enter(cluster->monitor);
    }
    while (session->inside || session->client)
        condition_wait(session->condition, cluster->monitor, INT64_MAX);
    closed = session->closed;
    session->closed = session->inside = true;
    session->ends_later |= !closed && session->suspended;
    closed |= session->ends_later;
    monitor_leave(cluster->monitor);
    return !closed;
}

void pgn_close(pgn_session *session)
{
    struct cluster *cluster = session->cluster;

    if (gate_is_foreign(session))
        return;
    if (shut_gate(session)) {
        if (session == cluster->first)
            close_cluster(session);
        else
            session_end(session);
    }
    monitor_enter(cluster->monitor);
    session->inside = false;
    condition_notify(session->condition);
    monitor_leave(cluster->monitor);
}

void pgn_forget_lock(pgn_session *session)
{
    if (session && gate_is_foreign(session))
        lock_close(&session->cluster->data_dir_lock);
}

void pgn_free(pgn_session *session)
{
    struct monitor *monitor;
    bool ends_later;

    if (!session || gate_is_foreign(session))
        return; /* a child of fork has no threads to meet: it leaks */
    pgn_close(session);
    monitor = session->cluster->monitor;
    monitor_enter(monitor);
    ends_later = session->is_freed = session->ends_later;
    monitor_leave(monitor);
    if (!ends_later)
        session_free(session);
}

void pgn_drop(pgn_session **session)
{
    pgn_free(*session);
    *session = NULL;
}
