/* Autovacuum: csrc/polling/autovacuum.c has the guest's side. */
#include "engine/session/housekeeping.h"

#include "engine/cluster/postmaster.h"
#include "engine/session/protocol.h"
#include "engine/session/sessions.h"

#include "platform/clock.h"

#define NS_PER_S INT64_C(1000000000)
#define PATIENCE_NS NS_PER_S /* most databases of tests are gone before */

bool housekeeping_note_changes(pgn_session *session)
{
    struct cluster *cluster = session->cluster;
    uint64_t naptime_s;

    if (cluster->vacuum_due_ns || session->is_auxiliary
        || vfs_bytes_written(cluster->vfs) == cluster->vacuumed)
        return true;
    if (!session_settle(session,
                        session_call(session, cluster->runtime->exports.autovacuum_naptime, NULL,
                                     &naptime_s),
                        "pglite_autovacuum_naptime"))
        return false;
    if (naptime_s == 0) {
        cluster->vacuumed = vfs_bytes_written(cluster->vfs);
        return true;
    }
    cluster->dirty_ns = platform_monotonic_ns();
    cluster->vacuum_due_ns = cluster->dirty_ns + (int64_t) naptime_s * NS_PER_S;
    return true;
}

bool housekeeping_is_worth_a_thread(const struct cluster *cluster)
{
    return cluster->postmaster || platform_monotonic_ns() - cluster->dirty_ns > PATIENCE_NS;
}

static void begin(struct cluster *cluster, bool is_worker)
{
    struct error ignored;

    cluster->worker_wanted = false;
    cluster->autovacuum = session_begin_autovacuum(cluster, is_worker, &ignored);
    if (cluster->autovacuum)
        postmaster_push(cluster->autovacuum);
}

void housekeeping_begin_if_due(struct cluster *cluster, int64_t now_ns)
{
    if (!cluster->vacuum_due_ns || now_ns < cluster->vacuum_due_ns || cluster->autovacuum)
        return;
    cluster->vacuum_due_ns = 0;
    begin(cluster, false);
}

/* After a launcher the worker that it has asked for; after a worker another launcher, for the other databases:
   until one does not ask. */
void housekeeping_end(pgn_session *session)
{
    struct cluster *cluster = session->cluster;
    bool was_launcher = !session->task_argument, wanted = cluster->worker_wanted;

    session_discard(session);
    cluster->autovacuum = NULL;
    condition_notify(cluster->first->condition); /* housekeeping_stop */
    if (cluster->ending || cluster->failed)
        return;
    if (was_launcher && wanted)
        begin(cluster, true);
    else if (!was_launcher)
        begin(cluster, false);
    else
        cluster->vacuumed = vfs_bytes_written(cluster->vfs);
}

void housekeeping_stop(struct cluster *cluster)
{
    monitor_enter(cluster->monitor);
    while (cluster->autovacuum && !cluster->failed) {
        atomic_fetch_or(&cluster->autovacuum->signals, UINT32_C(1) << SIGTERM_OF_GUEST);
        cluster_wake(cluster->autovacuum);
        condition_wait(cluster->first->condition, cluster->monitor, INT64_MAX);
    }
    monitor_leave(cluster->monitor);
}
