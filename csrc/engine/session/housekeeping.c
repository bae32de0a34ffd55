/* Autovacuum: csrc/polling/autovacuum.c has the guest's side. */
#include "engine/session/housekeeping.h"

#include "engine/cluster/postmaster.h"
#include "engine/session/protocol.h"
#include "engine/session/sessions.h"

#include "platform/clock.h"

#define NS_PER_S INT64_C(1000000000)
#define PATIENCE_NS NS_PER_S /* most databases of tests are gone before */
/* PGSTAT_IDLE_INTERVAL and a moment: until then a session may keep to itself what it has changed. */
#define STATISTICS_DELAY_NS (11 * NS_PER_S)

bool housekeeping_note_changes(pgn_session *session)
{
    struct cluster *cluster = session->cluster;
    uint64_t written = vfs_bytes_written(cluster->vfs), naptime_s;

    if (session->is_auxiliary || written == cluster->written)
        return true;
    cluster->written = written;
    cluster->changed_ns = platform_monotonic_ns();
    if (cluster->vacuum_due_ns)
        return true;
    if (!session_settle(session,
                        session_call(session, cluster->runtime->exports.autovacuum_naptime, NULL,
                                     &naptime_s),
                        "pglite_autovacuum_naptime"))
        return false;
    cluster->naptime_ns = (int64_t) naptime_s * NS_PER_S;
    if (naptime_s > 0)
        cluster->vacuum_due_ns = cluster->changed_ns + cluster->naptime_ns;
    return true;
}

bool housekeeping_is_worth_a_thread(const struct cluster *cluster)
{
    int64_t noticed_ns = cluster->vacuum_due_ns - cluster->naptime_ns;

    return cluster->postmaster || platform_monotonic_ns() - noticed_ns > PATIENCE_NS;
}

static void begin(struct cluster *cluster, bool is_worker)
{
    struct error ignored;
    pgn_session *process;

    cluster->worker_wanted = cluster->is_interrupted = false;
    process = session_begin_autovacuum(cluster, is_worker, &ignored);
    if (process && cluster->ending) { /* since it began, which is outside the monitor */
        session_discard(process);
        process = NULL;
    }
    cluster->autovacuum = process;
    if (process)
        postmaster_push(process);
}

void housekeeping_begin_if_due(struct cluster *cluster, int64_t now_ns)
{
    if (!cluster->vacuum_due_ns || now_ns < cluster->vacuum_due_ns || cluster->autovacuum)
        return;
    cluster->vacuum_due_ns = cluster->is_held ? now_ns + PATIENCE_NS : 0;
    if (cluster->is_held)
        return;
    cluster->look_began_ns = now_ns;
    cluster->looked_at_count = 0;
    begin(cluster, false);
}

/* The database that a worker was in. Launchers choose the one that has waited longest, so one that comes a second time
   is the end of the look. */
static bool is_new_to_look(const pgn_session *worker)
{
    struct cluster *cluster = worker->cluster;
    const uint32_t *database = guest_at(worker->instance.guest,
                                        cluster->runtime->exports.my_database, sizeof *database);

    if (!database || *database == 0 || cluster->looked_at_count == HOUSEKEEPING_DATABASES_MAX)
        return false;
    for (uint32_t i = 0; i < cluster->looked_at_count; i++)
        if (cluster->looked_at[i] == *database)
            return false;
    cluster->looked_at[cluster->looked_at_count++] = *database;
    return true;
}

/* Another is due if this one may not have seen all changes. */
static void end_look(struct cluster *cluster)
{
    bool is_last = cluster->look_began_ns >= cluster->changed_ns + STATISTICS_DELAY_NS
                   && !cluster->is_interrupted;

    if (!is_last && !cluster->vacuum_due_ns && cluster->naptime_ns)
        cluster->vacuum_due_ns = platform_monotonic_ns() + cluster->naptime_ns;
    if (cluster->vacuum_due_ns)
        postmaster_note_deadline(cluster->postmaster, cluster->vacuum_due_ns);
}

/* After a launcher the worker that it has asked for; after a worker another launcher, for the other databases. */
void housekeeping_end(pgn_session *session)
{
    struct cluster *cluster = session->cluster;
    bool was_worker = session->task_argument;
    bool continues = was_worker ? is_new_to_look(session) : cluster->worker_wanted;

    session_discard(session);
    cluster->autovacuum = NULL;
    condition_notify(cluster->first->condition); /* housekeeping_stop */
    if (cluster->ending || cluster->failed)
        return;
    if (continues && !cluster->is_interrupted)
        begin(cluster, !was_worker);
    else
        end_look(cluster);
}

/* Inside the monitor, without the baton. */
static void end_process(struct cluster *cluster)
{
    while (cluster->autovacuum && !cluster->failed) {
        cluster->is_interrupted = true;
        atomic_fetch_or(&cluster->autovacuum->signals, UINT32_C(1) << SIGTERM_OF_GUEST);
        cluster_wake(cluster->autovacuum);
        condition_wait(cluster->first->condition, cluster->monitor, INT64_MAX);
    }
}

/* While it has the baton, the postmaster begins none. */
void housekeeping_interrupt(struct cluster *cluster)
{
    struct claim *own = cluster->baton.holder;

    monitor_enter(cluster->monitor);
    while (cluster->autovacuum && !cluster->failed) {
        baton_give(cluster);
        end_process(cluster);
        baton_take(cluster, own);
    }
    monitor_leave(cluster->monitor);
}

void housekeeping_stop(struct cluster *cluster)
{
    monitor_enter(cluster->monitor);
    end_process(cluster);
    monitor_leave(cluster->monitor);
}
